// Accounts, rights as a grid, sessions and tokens; for everybody their own account.
import { useSignal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, type Account, type Grant, type Role, type SessionInfo, type Token } from '../api';
import { Facts } from '../components/Facts';
import { Field } from '../components/Field';
import { Moment } from '../components/Moment';
import { ErrorNotice, Notice } from '../components/Notice';
import { QrCode } from '../components/QrCode';
import { StateWord } from '../components/StateWord';
import { Tokens } from '../components/Tokens';
import { texts } from '../language';
import { lengthText } from '../model/amounts';
import { isAdministrator } from '../session';

export type Work = (action: () => Promise<unknown>) => Promise<boolean>;

// What all parts of the screen share: run something, show why it failed, read everything again.
function useWork(error: Signal<unknown>, isBusy: Signal<boolean>, reload: () => Promise<void>): Work {
  return async (action) => {
    if (isBusy.value) {
      return false;
    }
    isBusy.value = true;
    error.value = undefined;
    try {
      await action();
      await reload();
      return true;
    } catch (reason) {
      error.value = reason;
      return false;
    } finally {
      isBusy.value = false;
    }
  };
}

export function People() {
  const t = texts.value.people;
  const own = useSignal<Account | undefined>(undefined);
  const accounts = useSignal<Account[]>([]);
  const sessions = useSignal<SessionInfo[]>([]);
  const tokens = useSignal<Token[]>([]);
  const error = useSignal<unknown>(undefined);
  const isBusy = useSignal(false);

  const reload = async (): Promise<void> => {
    own.value = await api.ownAccount();
    sessions.value = (await api.sessions()).sessions;
    tokens.value = (await api.tokens()).tokens;
    if (isAdministrator() && !own.value.is_second_factor_needed) {
      accounts.value = (await api.accounts()).accounts;
    }
  };
  const work = useWork(error, isBusy, reload);

  useEffect(() => void work(async () => undefined), []);
  if (!own.value) {
    return error.value === undefined ? (
      <p>{texts.value.loading}</p>
    ) : (
      <ErrorNotice error={error.value} />
    );
  }
  return (
    <>
      <h1>{t.title}</h1>
      {own.value.is_second_factor_needed && <Notice tone="warn">{t.factorNeeded}</Notice>}
      {error.value !== undefined && <ErrorNotice error={error.value} />}
      <div class="columns">
        <OwnAccount account={own.value} work={work} />
        <SecondFactor account={own.value} work={work} />
      </div>
      <div class="stack">
        {accounts.value.length > 0 && (
        <>
          <Accounts accounts={accounts.value} own={own.value.id} work={work} />
          <Grid accounts={accounts.value.filter((a) => a.role === 'user' && !a.is_disabled)} />
        </>
        )}
        <Sessions sessions={sessions.value} work={work} />
        <Tokens tokens={tokens.value} work={work} />
      </div>
    </>
  );
}

function OwnAccount({ account, work }: { account: Account; work: Work }) {
  const t = texts.value.people;
  const current = useSignal('');
  const wanted = useSignal('');
  const isDone = useSignal(false);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    isDone.value = await work(() => api.changePassword(current.value, wanted.value));
    current.value = '';
    wanted.value = '';
  };
  return (
    <section class="card">
      <h2>{t.own}</h2>
      <Facts
        rows={[
          [t.name, account.name],
          [t.role, texts.value.account.roles[account.role]],
          [t.password, <Moment us={account.password_us} />],
        ]}
      />
      <form onSubmit={submit}>
        <Field
          label={t.current}
          type="password"
          autocomplete="current-password"
          value={current.value}
          onText={(text) => (current.value = text)}
          required
        />
        <Field
          label={t.wanted}
          type="password"
          autocomplete="new-password"
          hint={t.wantedHint}
          value={wanted.value}
          onText={(text) => (wanted.value = text)}
          required
        />
        {isDone.value && <Notice tone="good">{t.changed}</Notice>}
        <button type="submit">{t.changePassword}</button>
      </form>
    </section>
  );
}

function SecondFactor({ account, work }: { account: Account; work: Work }) {
  const t = texts.value.people;
  const password = useSignal('');
  const code = useSignal('');
  const made = useSignal<{ secret: string; uri: string } | undefined>(undefined);
  const codes = useSignal<string[]>([]);
  const isOn = account.has_second_factor;

  const begin = async (event: Event): Promise<void> => {
    event.preventDefault();
    await work(async () => {
      codes.value = [];
      if (isOn) {
        await api.endSecondFactor(password.value);
      } else {
        made.value = await api.beginSecondFactor(password.value);
      }
    });
    password.value = '';
  };
  const confirm = async (event: Event): Promise<void> => {
    event.preventDefault();
    await work(async () => {
      const answer = await api.confirmSecondFactor(code.value.trim());
      codes.value = answer.recovery_codes.map((row) => row.code);
      made.value = undefined;
    });
    code.value = '';
  };
  return (
    <section class="card">
      <h2>{t.factor}</h2>
      <StateWord
        tone={isOn ? 'good' : 'warn'}
        text={isOn ? t.factorOn(account.recovery_codes) : t.factorOff}
      />
      {codes.value.length > 0 && (
        <Notice tone="good">
          <p>{t.factorCodes}</p>
          <ul>
            {codes.value.map((one) => (
              <li key={one}>
                <code>{one}</code>
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {made.value ? (
        <form onSubmit={confirm}>
          <p>{t.factorScan}</p>
          <QrCode text={made.value.uri} label={t.factorQr} />
          <p>{t.factorSecret}</p>
          <p>
            <code>{made.value.secret.toUpperCase().replace(/(.{4})/g, '$1 ')}</code>
          </p>
          <p>
            {t.factorUri} <a href={made.value.uri}>otpauth://</a>
          </p>
          <Field
            label={t.factorCode}
            value={code.value}
            autocomplete="one-time-code"
            onText={(text) => (code.value = text)}
            required
          />
          <button class="primary" type="submit">
            {t.factorConfirm}
          </button>
        </form>
      ) : (
        <form onSubmit={begin}>
          <Field
            label={t.current}
            type="password"
            autocomplete="current-password"
            value={password.value}
            onText={(text) => (password.value = text)}
            required
          />
          <button type="submit">{isOn ? t.factorEnd : t.factorBegin}</button>
        </form>
      )}
    </section>
  );
}

const roles: Role[] = ['administrator', 'user', 'maintenance'];

function RoleChoice({ value, onRole }: { value: Role; onRole: (role: Role) => void }) {
  return (
    <select
      aria-label={texts.value.people.role}
      value={value}
      onChange={(event) => onRole(event.currentTarget.value as Role)}
    >
      {roles.map((role) => (
        <option key={role} value={role}>
          {texts.value.account.roles[role]}
        </option>
      ))}
    </select>
  );
}

function Accounts({ accounts, own, work }: { accounts: Account[]; own: string; work: Work }) {
  const t = texts.value.people;
  return (
    <section class="card">
      <h2>{t.accounts}</h2>
      <table class="list">
        <thead>
          <tr>
            <th scope="col">{t.name}</th>
            <th scope="col">{t.role}</th>
            <th scope="col">{t.state}</th>
            <th scope="col">{t.factor}</th>
            <th scope="col">{t.allowFrom}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {accounts.map((account) => (
            <AccountRow key={account.id} account={account} isOwn={account.id === own} work={work} />
          ))}
        </tbody>
      </table>
      <AddAccount work={work} />
    </section>
  );
}

function stateOf(account: Account): { tone: 'good' | 'off' | 'warn'; text: string } {
  const t = texts.value.people;
  if (account.is_disabled) {
    return { tone: 'off', text: t.disabled };
  }
  return account.locked_us > 0
    ? { tone: 'warn', text: t.locked(lengthText(account.locked_us)) }
    : { tone: 'good', text: t.enabled };
}

function AccountRow({ account, isOwn, work }: { account: Account; isOwn: boolean; work: Work }) {
  const t = texts.value.people;
  const allowFrom = useSignal(account.allow_from);
  const change = (wanted: Parameters<typeof api.changeAccount>[1]) =>
    void work(() => api.changeAccount(account.id, wanted));
  const state = stateOf(account);
  return (
    <tr>
      <th scope="row">{account.name}</th>
      <td data-label={t.role}>
        <RoleChoice value={account.role} onRole={(role) => change({ role })} />
      </td>
      <td data-label={t.state}>
        <StateWord {...state} />
      </td>
      <td data-label={t.factor}>
        {account.has_second_factor ? t.factorOn(account.recovery_codes) : t.factorOff}
      </td>
      <td data-label={t.allowFrom}>
        <input
          aria-label={t.allowFrom}
          title={t.allowFromHint}
          value={allowFrom.value}
          onInput={(event) => (allowFrom.value = event.currentTarget.value)}
        />
        {allowFrom.value !== account.allow_from && (
          <button onClick={() => change({ allow_from: allowFrom.value })}>{t.change}</button>
        )}
      </td>
      <td class="buttons">
        {account.locked_us > 0 && (
          <button onClick={() => change({ is_unlocked: true })}>{t.unlock}</button>
        )}
        {!isOwn && account.has_second_factor && (
          <button onClick={() => void work(() => api.dropSecondFactor(account.id))}>
            {t.dropFactor}
          </button>
        )}
        {!isOwn && (
          <button onClick={() => change({ state: account.is_disabled ? 'enabled' : 'disabled' })}>
            {account.is_disabled ? t.enable : t.disable}
          </button>
        )}
      </td>
    </tr>
  );
}

function AddAccount({ work }: { work: Work }) {
  const t = texts.value.people;
  const name = useSignal('');
  const password = useSignal('');
  const role = useSignal<Role>('user');

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (await work(() => api.addAccount(name.value.trim(), role.value, password.value))) {
      name.value = '';
    }
    password.value = '';
  };
  return (
    <form onSubmit={submit}>
      <Field
        label={t.name}
        value={name.value}
        onText={(text) => (name.value = text)}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        required
      />
      <Field
        label={t.password}
        type="password"
        value={password.value}
        onText={(text) => (password.value = text)}
        autocomplete="new-password"
        required
      />
      <RoleChoice value={role.value} onRole={(wanted) => (role.value = wanted)} />
      <button type="submit">{t.add}</button>
    </form>
  );
}

const gridRights = ['live', 'playback', 'export'] as const;

// One person at a time on a narrow screen is still a table: people x cameras x actions.
function Grid({ accounts }: { accounts: Account[] }) {
  const t = texts.value.people;
  const grants = useSignal<Record<string, Grant[]>>({});
  const error = useSignal<unknown>(undefined);
  const ids = accounts.map((account) => account.id).join();

  const read = async (): Promise<void> => {
    const found: Record<string, Grant[]> = {};
    try {
      for (const account of accounts) {
        found[account.id] = (await api.grants(account.id)).grants;
      }
      grants.value = found;
    } catch (reason) {
      error.value = reason;
    }
  };
  const set = async (grant: Grant): Promise<void> => {
    error.value = undefined;
    try {
      await api.grant(grant);
    } catch (reason) {
      error.value = reason;
    }
    await read();
  };
  useEffect(() => void read(), [ids]);

  return (
    <section class="card">
      <h2>{t.grid}</h2>
      <p>{t.gridText}</p>
      {error.value !== undefined && <ErrorNotice error={error.value} />}
      <table class="list">
        <thead>
          <tr>
            <th scope="col">{t.name}</th>
            <th scope="col">{t.camera}</th>
            {gridRights.map((right) => (
              <th scope="col" key={right}>
                {t.rights[right]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {accounts.flatMap((account) =>
            (grants.value[account.id] ?? []).map((grant) => (
              <tr key={`${account.id} ${grant.camera}`}>
                <th scope="row">{account.name}</th>
                <td data-label={t.camera}>{grant.camera_name}</td>
                {gridRights.map((right) => (
                  <td key={right} data-label={t.rights[right]}>
                    <input
                      type="checkbox"
                      aria-label={`${account.name}, ${grant.camera_name}: ${t.rights[right]}`}
                      checked={grant[`may_${right}`]}
                      onChange={(event) =>
                        void set({ ...grant, [`may_${right}`]: event.currentTarget.checked })
                      }
                    />
                  </td>
                ))}
              </tr>
            )),
          )}
        </tbody>
      </table>
    </section>
  );
}

function Sessions({ sessions, work }: { sessions: SessionInfo[]; work: Work }) {
  const t = texts.value.people;
  return (
    <section class="card">
      <h2>{t.sessions}</h2>
      <table class="list">
        <thead>
          <tr>
            <th scope="col">{t.name}</th>
            <th scope="col">{t.from}</th>
            <th scope="col">{t.since}</th>
            <th scope="col">{t.used}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {sessions.map((one) => (
            <tr key={one.id}>
              <th scope="row">{one.name}</th>
              <td data-label={t.from}>
                {one.address}
                <span class="hint">{one.program}</span>
              </td>
              <td data-label={t.since}>
                <Moment us={one.since_us} />
              </td>
              <td data-label={t.used}>
                <Moment us={one.used_us} />
              </td>
              <td class="buttons">
                {one.is_own ? (
                  t.thisOne
                ) : (
                  <button onClick={() => void work(() => api.endSession(one.id))}>{t.end}</button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

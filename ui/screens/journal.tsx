// What happened, and whether the record of it is whole.
import { useSignal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import {
  api,
  isAborted,
  type JournalEntry,
  type JournalQuery,
  type JournalState,
  type JournalStatus,
} from '../api';
import { Facts } from '../components/Facts';
import { Field } from '../components/Field';
import { Moment } from '../components/Moment';
import { ErrorNotice, Notice, RecorderWords } from '../components/Notice';
import { StateWord } from '../components/StateWord';
import { texts } from '../language';
import { countText } from '../model/amounts';
import type { Tone } from '../model/judge';
import { fromField } from '../model/moments';
import { status } from '../status';

const pageEntries = 100;
// So many pages without a find are asked for before the user is asked.
const emptyPagesMost = 20;
const checkingMs = 3000;

export const journalKinds = {
  logins:
    'login,login_failed,login_locked,logout,login_new_place,login_place_locked,recovery_code_used,session_revoked,token_used,token_refused',
  cameras:
    'camera_up,camera_lost,camera_refused,camera_clock_off,camera_clock_ok,network_lost,network_back',
  settings:
    'camera_put,camera_dropped,camera_password_read,setup_done,account_put,account_unlocked,password_set,second_factor_on,second_factor_off,token_made,token_revoked,grant_set,destination_put,destination_dropped,metrics_token,certificate_put,certificate_issued,certificate_requested,authority_made',
  exports: 'exported',
  storage: 'storage_tight,storage_full,storage_failed,storage_ok,recovered,samples_lost',
  care:
    'alarm_acknowledged,incident_put,incident_ended,duty_done,duty_put,maintenance_began,maintenance_ended',
  checklist: 'attested,attestation_withdrawn,waived,waiver_ended,profile_set,fact_entered,weaknesses_imported',
  system:
    'recorder_made,started,stopped,role_died,clock_step,clock_unsynced,clock_synced,certificate_ends,certificate_renewed,certificate_refused,destination_failing,destination_ok,notice_given_up,listener_unexpected,listener_gone',
  journal: 'journal_reviewed,journal_broken,journal_failed',
} as const;
export type JournalKind = keyof typeof journalKinds;
const kinds = Object.keys(journalKinds) as JournalKind[];

const stateTones: Record<JournalState, Tone> = {
  ok: 'good',
  checking: 'busy',
  failing: 'bad',
  broken: 'bad',
};

interface Person {
  id: string;
  name: string;
}

interface Wish {
  from: string;
  to: string;
  camera: string;
  kind: JournalKind | '';
  search: string;
  person: Person | undefined;
}

const nothingWished: Wish = {
  from: '',
  to: '',
  camera: '',
  kind: '',
  search: '',
  person: undefined,
};

function queryOf(wish: Wish): JournalQuery {
  const from = fromField(wish.from);
  const to = fromField(wish.to);
  return {
    limit: String(pageEntries),
    ...(from === undefined ? {} : { from_us: String(from) }),
    ...(to === undefined ? {} : { to_us: String(to) }),
    ...(wish.camera ? { camera: wish.camera } : {}),
    ...(wish.kind ? { events: journalKinds[wish.kind] } : {}),
    ...(wish.search.trim() ? { search: wish.search.trim() } : {}),
    ...(wish.person ? { account: wish.person.id } : {}),
  };
}

export function Journal() {
  const wish = useSignal<Wish>(nothingWished);
  const changes = useSignal(0);
  return (
    <>
      <h1>{texts.value.journal.title}</h1>
      <Chain changes={changes} />
      <Filters wish={wish} />
      <Entries key={`${JSON.stringify(wish.value)} ${changes.value}`} wish={wish} />
    </>
  );
}

// The state of the chain, and the review.
function Chain({ changes }: { changes: Signal<number> }) {
  const t = texts.value.journal;
  const now = useSignal<JournalStatus | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  const again = useSignal(0);

  useEffect(() => {
    const abort = new AbortController();
    api
      .journalState(abort.signal)
      .then((answer) => {
        now.value = answer;
        error.value = undefined;
      })
      .catch((reason: unknown) => {
        error.value = isAborted(reason) ? undefined : reason;
      });
    return () => abort.abort();
  }, [changes.value, again.value]);
  // It is over by itself, after some seconds or minutes.
  const isChecking = now.value?.state === 'checking';
  useEffect(() => {
    const timer = isChecking ? window.setInterval(() => (again.value += 1), checkingMs) : 0;
    return () => window.clearInterval(timer);
  }, [isChecking]);

  if (!now.value) {
    return error.value ? <ErrorNotice error={error.value} /> : <p>{texts.value.loading}</p>;
  }
  const known = now.value;
  return (
    <div class="columns">
      <section class="card">
        <h2>{t.chain}</h2>
        <StateWord tone={stateTones[known.state]} text={t.states[known.state]} />
        {known.state !== 'ok' && <p>{t.whatToDo[known.state]}</p>}
        {known.problem && <RecorderWords text={known.problem} />}
        <Facts
          rows={[
            [t.entries, countText(known.entries)],
            [t.signed, <UpTo number={known.signed_number} us={known.signed_us} />],
            [t.verified, <UpTo number={known.verified_number} us={known.verified_us} />],
          ]}
        />
      </section>
      <Review known={known} onReviewed={() => (changes.value += 1)} />
    </div>
  );
}

function UpTo({ number, us }: { number: number; us: number | null }) {
  const t = texts.value.journal;
  return us === null ? (
    <>{t.notYet}</>
  ) : (
    <>
      {t.upTo(countText(number))} <Moment us={us} />
    </>
  );
}

function Review({ known, onReviewed }: { known: JournalStatus; onReviewed: () => void }) {
  const t = texts.value.journal;
  const note = useSignal('');
  const isMissing = useSignal(false);
  const isBusy = useSignal(false);
  const error = useSignal<unknown>(undefined);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    isMissing.value = note.value.trim() === '';
    if (isMissing.value || isBusy.value) {
      return;
    }
    isBusy.value = true;
    error.value = undefined;
    try {
      await api.reviewJournal(known.entries, note.value.trim());
      note.value = '';
      onReviewed();
    } catch (reason) {
      error.value = reason;
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <section class="card">
      <h2>{t.review}</h2>
      {known.reviewed_us === null ? (
        <p>{t.neverReviewed}</p>
      ) : (
        <>
          <Facts
            rows={[
              [t.lastReview, <UpTo number={known.reviewed_number} us={known.reviewed_us} />],
              [t.reviewedBy, known.reviewed_by],
            ]}
          />
          <p>{known.review_note}</p>
        </>
      )}
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Field
          label={t.note}
          name="note"
          maxLength={390}
          value={note.value}
          onText={(text) => (note.value = text)}
          hint={t.noteHint}
          error={isMissing.value ? t.noteMissing : undefined}
        />
        {error.value !== undefined && <ErrorNotice error={error.value} />}
        <button class="primary" type="submit" disabled={isBusy.value}>
          {t.confirmReview(countText(known.entries))}
        </button>
      </form>
    </section>
  );
}

function Filters({ wish }: { wish: Signal<Wish> }) {
  const t = texts.value.journal;
  const now = useSignal<Wish>(wish.value);
  const set = (change: Partial<Wish>): void => {
    now.value = { ...now.value, ...change };
  };
  return (
    <form
      class="card"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        wish.value = { ...now.value, person: wish.value.person };
      }}
    >
      <div class="fields">
        <Field
          label={t.from}
          type="datetime-local"
          step={1}
          value={now.value.from}
          onText={(from) => set({ from })}
        />
        <Field
          label={t.to}
          type="datetime-local"
          step={1}
          value={now.value.to}
          onText={(to) => set({ to })}
        />
        <div class="field">
          <label for="journal-kind">{t.kind}</label>
          <select
            id="journal-kind"
            name="kind"
            value={now.value.kind}
            onChange={(event) => {
              const chosen = event.currentTarget.value;
              set({ kind: kinds.find((kind) => kind === chosen) ?? '' });
            }}
          >
            <option value="">{t.allKinds}</option>
            {kinds.map((kind) => (
              <option key={kind} value={kind}>
                {t.kinds[kind]}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for="journal-camera">{t.camera}</label>
          <select
            id="journal-camera"
            name="camera"
            value={now.value.camera}
            onChange={(event) => set({ camera: event.currentTarget.value })}
          >
            <option value="">{t.allCameras}</option>
            {(status.value?.cameras ?? []).map((camera) => (
              <option key={camera.id} value={camera.id}>
                {camera.name}
              </option>
            ))}
          </select>
        </div>
        <Field
          label={t.search}
          name="search"
          maxLength={100}
          value={now.value.search}
          onText={(search) => set({ search })}
        />
      </div>
      <div class="bar">
        <button class="primary" type="submit">
          {t.find}
        </button>
        <button
          type="button"
          onClick={() => {
            now.value = nothingWished;
            wish.value = nothingWished;
          }}
        >
          {t.showAll}
        </button>
        {wish.value.person && (
          <button
            type="button"
            class="chip"
            aria-pressed={true}
            onClick={() => (wish.value = { ...wish.value, person: undefined })}
          >
            {t.onlyPerson(wish.value.person.name)}
          </button>
        )}
      </div>
    </form>
  );
}

function Entries({ wish }: { wish: Signal<Wish> }) {
  const t = texts.value.journal;
  const entries = useSignal<JournalEntry[]>([]);
  const next = useSignal(0);
  const isBusy = useSignal(true);
  const error = useSignal<unknown>(undefined);

  // Pages are short so that the recorder is never held up; empty ones are skipped here.
  const load = async (before: number, signal?: AbortSignal): Promise<void> => {
    isBusy.value = true;
    error.value = undefined;
    next.value = before;
    try {
      for (let page = 0; page < emptyPagesMost; page++) {
        const answer = await api.journal(
          { ...queryOf(wish.value), ...(next.value ? { before_number: String(next.value) } : {}) },
          signal,
        );
        next.value = answer.pages?.[0]?.next_number ?? 0;
        entries.value = [...entries.value, ...answer.entries];
        if (answer.entries.length > 0 || next.value === 0) {
          break;
        }
      }
    } catch (reason) {
      error.value = isAborted(reason) ? undefined : reason;
    } finally {
      isBusy.value = false;
    }
  };
  useEffect(() => {
    const abort = new AbortController();
    void load(0, abort.signal);
    return () => abort.abort();
  }, []);

  return (
    <>
      {error.value !== undefined && <ErrorNotice error={error.value} />}
      {entries.value.length > 0 && (
        <EntryTable
          entries={entries.value}
          onPerson={(person) => (wish.value = { ...wish.value, person })}
        />
      )}
      {isBusy.value && <p role="status">{texts.value.loading}</p>}
      {!isBusy.value && entries.value.length === 0 && next.value === 0 && !error.value && (
        <Notice tone="good">{t.nothingFound}</Notice>
      )}
      {!isBusy.value && next.value > 0 && (
        <div class="bar">
          <button onClick={() => void load(next.value)}>{t.older}</button>
          <span class="hint">{t.lookedBackTo(countText(next.value))}</span>
        </div>
      )}
    </>
  );
}

function EntryTable({
  entries,
  onPerson,
}: {
  entries: JournalEntry[];
  onPerson: (person: Person) => void;
}) {
  const t = texts.value.journal;
  return (
    <table class="list card entries">
      <thead>
        <tr>
          <th scope="col">{t.columns.what}</th>
          <th scope="col">{t.columns.at}</th>
          <th scope="col">{t.columns.camera}</th>
          <th scope="col">{t.columns.person}</th>
          <th scope="col">{t.columns.text}</th>
          <th scope="col" class="number">
            {t.columns.number}
          </th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.number}>
            <th scope="row">{t.events[entry.event] ?? entry.event}</th>
            <td data-label={t.columns.at}>
              {entry.at_us === null ? '' : <Moment us={entry.at_us} />}
            </td>
            <td data-label={t.columns.camera}>{entry.camera_name}</td>
            <td data-label={t.columns.person}>
              <PersonName entry={entry} onPerson={onPerson} />
            </td>
            <td data-label={t.columns.text} lang="en">
              {entry.text}
            </td>
            <td data-label={t.columns.number} class="number">
              {countText(entry.number)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function PersonName({
  entry,
  onPerson,
}: {
  entry: JournalEntry;
  onPerson: (person: Person) => void;
}) {
  const { account, account_name: name } = entry;
  return account === null || !name ? (
    <>{name}</>
  ) : (
    <button
      class="chip"
      title={texts.value.journal.onlyPerson(name)}
      onClick={() => onPerson({ id: account, name })}
    >
      {name}
    </button>
  );
}

// API tokens: what there is, and a form for a new one.
import { useSignal, type Signal } from '@preact/signals';
import { api, type Token } from '../api';
import { texts } from '../language';
import type { Work } from '../screens/people';
import { cameraOf, status } from '../status';
import { Check, Field } from './Field';
import { Moment } from './Moment';
import { Notice } from './Notice';

type TokenRight = keyof typeof texts.value.people.tokenRightWords;

// What the others reach cannot be told apart by camera: the recorder refuses them with cameras.
const rightsOfCameras: string[] = ['live', 'playback', 'export', 'status', 'metrics'];

const listOf = (text: string): string[] => text.split(',').filter((word) => word !== '');

function rightsText(rights: string): string {
  const words: Record<string, string> = texts.value.people.tokenRightWords;
  return listOf(rights)
    .map((right) => words[right] ?? right)
    .join(texts.value.people.tokenAnd);
}

// A camera that has been removed has no name any more.
function camerasText(cameras: string): string {
  const t = texts.value.people;
  const ids = listOf(cameras);
  return ids.length === 0
    ? t.tokenAllCameras
    : ids.map((id) => cameraOf(id)?.name ?? t.tokenGoneCamera).join(t.tokenAnd);
}

export function Tokens({ tokens, work }: { tokens: Token[]; work: Work }) {
  const t = texts.value.people;
  const made = useSignal('');
  return (
    <section class="card">
      <h2>{t.tokens}</h2>
      <p>{t.tokensText}</p>
      {made.value && (
        <Notice tone="good">
          <p>{t.tokenShown}</p>
          <code>{made.value}</code>
        </Notice>
      )}
      {tokens.length === 0 && <p>{t.noTokens}</p>}
      {tokens.length > 0 && <TokenList tokens={tokens} work={work} />}
      <AddToken work={work} onMade={(token) => (made.value = token)} />
    </section>
  );
}

function TokenList({ tokens, work }: { tokens: Token[]; work: Work }) {
  const t = texts.value.people;
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">{t.tokenName}</th>
          <th scope="col">{t.owner}</th>
          <th scope="col">{t.tokenRights}</th>
          <th scope="col">{t.tokenCameras}</th>
          <th scope="col">{t.until}</th>
          <th scope="col">{t.used}</th>
          <td />
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <tr key={token.id}>
            <th scope="row">{token.name}</th>
            <td data-label={t.owner}>{token.account_name}</td>
            <td data-label={t.tokenRights}>{rightsText(token.rights)}</td>
            <td data-label={t.tokenCameras}>{camerasText(token.cameras)}</td>
            <td data-label={t.until}>
              <Moment us={token.expires_us} />
            </td>
            <td data-label={t.used}>
              {token.used_us === null ? (
                texts.value.none
              ) : (
                <>
                  <Moment us={token.used_us} /> {token.used_from}
                </>
              )}
            </td>
            <td class="buttons">
              {token.is_alive ? (
                <button onClick={() => void work(() => api.endToken(token.id))}>{t.revoke}</button>
              ) : (
                t.over
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface ChecksProps {
  legend: string;
  hint?: string | undefined;
  rows: { key: string; label: string }[];
  chosen: Signal<string[]>;
}

function Checks({ legend, hint, rows, chosen }: ChecksProps) {
  return (
    <fieldset class="checks">
      <legend>
        {legend} {hint && <span class="hint">{hint}</span>}
      </legend>
      {rows.map(({ key, label }) => (
        <Check
          key={key}
          label={label}
          checked={chosen.value.includes(key)}
          onCheck={(isOn) => {
            const rest = chosen.value.filter((one) => one !== key);
            chosen.value = isOn ? [...rest, key] : rest;
          }}
        />
      ))}
    </fieldset>
  );
}

function AddToken({ work, onMade }: { work: Work; onMade: (token: string) => void }) {
  const t = texts.value.people;
  const name = useSignal('');
  const rights = useSignal<string[]>(['live', 'status']);
  const cameras = useSignal<string[]>([]);
  const days = useSignal('90');
  const allowFrom = useSignal('any');
  const words = t.tokenRightWords;
  const isOffered = (right: string): boolean =>
    cameras.value.length === 0 || rightsOfCameras.includes(right);
  const given = rights.value.filter(isOffered);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    await work(async () => {
      const answer = await api.addToken({
        name: name.value.trim(),
        rights: given.join(','),
        cameras: cameras.value.join(','),
        allow_from: allowFrom.value,
        days: Number(days.value) || 0,
      });
      onMade(answer.token);
      name.value = '';
    });
  };
  return (
    <form class="add-token" onSubmit={submit}>
      <Field
        label={t.tokenName}
        name="token-name"
        value={name.value}
        autocomplete="off"
        onText={(text) => (name.value = text)}
        required
      />
      <Checks
        legend={t.tokenRights}
        hint={cameras.value.length > 0 ? t.tokenRightsHint : undefined}
        rows={(Object.keys(words) as TokenRight[])
          .filter(isOffered)
          .map((key) => ({ key, label: words[key] }))}
        chosen={rights}
      />
      <Checks
        legend={t.tokenCameras}
        hint={t.tokenCamerasHint}
        rows={(status.value?.cameras ?? []).map(({ id, name: label }) => ({ key: id, label }))}
        chosen={cameras}
      />
      <Field
        label={t.tokenDays}
        name="token-days"
        inputMode="decimal"
        value={days.value}
        onText={(text) => (days.value = text)}
        required
      />
      <Field
        label={t.allowFrom}
        name="token-from"
        hint={t.allowFromHint}
        value={allowFrom.value}
        onText={(text) => (allowFrom.value = text)}
        required
      />
      <button type="submit" disabled={given.length === 0}>
        {t.tokenAdd}
      </button>
    </form>
  );
}

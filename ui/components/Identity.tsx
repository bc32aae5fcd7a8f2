import { useEffect, useState } from 'preact/hooks';
import { api, ApiError, type Certificate, type Listener, type Part, type Status } from '../api';
import { texts } from '../language';
import { lengthText } from '../model/amounts';
import type { Tone } from '../model/judge';
import { isAdministrator } from '../session';
import { Facts } from './Facts';
import { Moment } from './Moment';
import { StateWord } from './StateWord';

const day_us = 86_400_000_000;

// What an answer is, once it is there; undefined before, and if it cannot be had.
function useAnswer<T>(ask: (signal: AbortSignal) => Promise<T>, wanted = true): T | undefined {
  const [answer, setAnswer] = useState<T>();
  useEffect(() => {
    const abort = new AbortController();
    if (wanted) {
      ask(abort.signal)
        .then(setAnswer)
        .catch((reason: unknown) => {
          if (!(reason instanceof ApiError) && !abort.signal.aborted) {
            throw reason;
          }
        });
    }
    return () => abort.abort();
  }, [wanted]);
  return answer;
}

function toneOf(left_us: number): Tone {
  return left_us < 7 * day_us ? 'bad' : left_us < 30 * day_us ? 'warn' : 'good';
}

// The certificate by which browsers know the recorder, and the authority that they may trust.
export function CertificateCard({ shown, now_us }: { shown: Status['certificate']; now_us: number }) {
  const t = texts.value.identity;
  const list = useAnswer(api.certificates, isAdministrator())?.certificates ?? [];
  const own = list.find((one) => one.use === 'recorder');
  const authority = list.find((one) => one.use === 'authority');

  if (!shown || shown.until_us === null) {
    return null;
  }
  const left_us = shown.until_us - now_us;
  return (
    <section class="card">
      <h2>{t.certificate}</h2>
      <StateWord
        tone={toneOf(left_us)}
        text={left_us > 0 ? t.left(lengthText(left_us)) : t.ended}
      />
      <Facts
        rows={[
          [t.until, <Moment us={shown.until_us} />],
          [t.origin, t.origins[shown.origin]],
          ...(own ? rowsOf(own) : []),
        ]}
      />
      {authority && (
        <p>
          <a
            class="button"
            download="komainu-authority.pem"
            href={`data:application/x-pem-file;base64,${btoa(authority.pem)}`}
          >
            {t.takeAuthority}
          </a>
          <span class="hint">{t.takeAuthorityHint}</span>
        </p>
      )}
    </section>
  );
}

function rowsOf(own: Certificate): [string, string][] {
  const t = texts.value.identity;
  return [
    [t.names, own.names.split(',').join(', ')],
    [t.key, own.key],
    [t.fingerprint, own.sha256.match(/../g)?.join(':') ?? ''],
  ];
}

const verdictTones: Record<Listener['verdict'], Tone> = {
  expected: 'good',
  unexpected: 'bad',
  unsure: 'warn',
};

// Every socket that the recorder listens on.
export function Listeners() {
  const t = texts.value.identity;
  const list = useAnswer(api.listeners)?.listeners;

  if (!list) {
    return null;
  }
  return (
    <section class="card">
      <h2>{t.listeners}</h2>
      <p>{t.listenersText}</p>
      <table class="list">
        <thead>
          <tr>
            <th scope="col">{t.columns.address}</th>
            <th scope="col">{t.columns.verdict}</th>
            <th scope="col">{t.columns.reason}</th>
          </tr>
        </thead>
        <tbody>
          {list.map((one) => (
            <tr key={`${one.protocol} ${one.address}`}>
              <th scope="row">
                {one.protocol} {one.address}
                <span class="hint">{one.role}</span>
              </th>
              <td data-label={t.columns.verdict}>
                <StateWord tone={verdictTones[one.verdict]} text={t.verdicts[one.verdict]} />
              </td>
              <td data-label={t.columns.reason} lang="en">
                {one.reason}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

// The programs and the libraries that they run with, each library once.
export function Parts() {
  const t = texts.value.identity;
  const list = useAnswer(api.parts)?.parts;

  if (!list) {
    return null;
  }
  const byName = new Map<string, Part>();
  for (const part of list) {
    byName.set(part.name, byName.get(part.name) ?? part);
  }
  const usersOf = (name: string): string =>
    list
      .filter((part) => part.name === name && part.program !== name)
      .map((part) => part.program)
      .join(', ');
  return (
    <section class="card">
      <h2>{t.parts}</h2>
      <p>
        {t.partsText} <a href="/api/v1/parts.json">{t.partsFile}</a>
      </p>
      <details>
        <summary>{t.partsCount(byName.size)}</summary>
        <table class="list">
          <thead>
            <tr>
              <th scope="col">{t.columns.name}</th>
              <th scope="col">{t.columns.version}</th>
              <th scope="col">{t.columns.package}</th>
              <th scope="col">{t.columns.users}</th>
            </tr>
          </thead>
          <tbody>
            {[...byName.values()].map((part) => (
              <tr key={part.name}>
                <th scope="row">{part.name}</th>
                <td data-label={t.columns.version}>{part.version || '–'}</td>
                <td data-label={t.columns.package}>
                  {part.package ? `${part.package} ${part.package_version}` : '–'}
                </td>
                <td data-label={t.columns.users}>{usersOf(part.name) || '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}

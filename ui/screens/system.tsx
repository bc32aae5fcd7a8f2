import type { Status } from '../api';
import { Facts } from '../components/Facts';
import { CertificateCard, Listeners, Parts } from '../components/Identity';
import { Moment } from '../components/Moment';
import { RecorderWords } from '../components/Notice';
import { StateWord } from '../components/StateWord';
import { texts } from '../language';
import { bytesText, countText, lengthText, percentText } from '../model/amounts';
import type { Tone } from '../model/judge';
import { second } from '../model/moments';
import { clockDifferenceUs, isAdministrator, recorderNowUs, session } from '../session';
import { status } from '../status';
import { Messages } from './messages';

const storageTones: Record<Status['storage']['state'], Tone> = {
  starting: 'busy',
  ok: 'good',
  tight: 'warn',
  full: 'bad',
  failed: 'bad',
};

export function System() {
  const t = texts.value.system;
  const now = status.value;
  const now_us = recorderNowUs();

  if (!now) {
    return <p>{texts.value.loading}</p>;
  }
  const difference = Math.abs(clockDifferenceUs.value);
  return (
    <>
      <h1>{t.title}</h1>
      <div class="columns four">
        <StorageCard storage={now.storage} />
        <section class="card">
          <h2>{texts.value.product}</h2>
          <Facts
            rows={[
              [t.version, now.version],
              [t.running, lengthText(now_us - now.started_us)],
              [t.clock, <Moment us={now_us} />],
              [t.clockDifference, difference < second ? t.clockSame : lengthText(difference)],
            ]}
          />
        </section>
        {session.value && (
          <section class="card">
            <h2>{t.session}</h2>
            <Facts
              rows={[
                [t.account, session.value.account.name],
                [t.role, texts.value.account.roles[session.value.account.role]],
                [t.expires, <Moment us={session.value.expires_us} />],
              ]}
            />
          </section>
        )}
        <CertificateCard shown={now.certificate} now_us={now_us} />
      </div>
      <div class="stack">
        {isAdministrator() && <Messages />}
        <Roles roles={now.roles} now_us={now_us} />
        <Listeners />
        <Parts />
      </div>
    </>
  );
}

function StorageCard({ storage }: { storage: Status['storage'] }) {
  const t = texts.value.system;
  const total = Math.max(1, storage.total_bytes);
  const other = Math.max(0, storage.total_bytes - storage.free_bytes - storage.kept_bytes);
  const kept = Math.min(storage.kept_bytes, storage.total_bytes);
  const amount = (bytes: number): string => `${bytesText(bytes)} (${percentText(bytes / total)})`;
  return (
    <section class="card">
      <h2>{t.storage}</h2>
      <StateWord
        tone={storageTones[storage.state]}
        text={texts.value.storageStates[storage.state]}
      />
      {storage.error && <RecorderWords text={storage.error} />}
      <svg class="disk-bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="free" width="1000" height="10" />
        <rect class="other" width={((kept + other) / total) * 1000} height="10" />
        <rect class="used" width={(kept / total) * 1000} height="10" />
      </svg>
      <Facts
        rows={[
          [t.used, amount(storage.kept_bytes)],
          [t.other, amount(other)],
          [t.free, amount(storage.free_bytes)],
          [t.total, bytesText(storage.total_bytes)],
        ]}
      />
    </section>
  );
}

function Roles({ roles, now_us }: { roles: Status['roles']; now_us: number }) {
  const t = texts.value.system;
  const words = texts.value.words;
  return (
    <section class="card">
      <h2>{t.processes}</h2>
      <p>{t.processesText}</p>
      <table class="list">
        <thead>
          <tr>
            <th scope="col">{t.columns.role}</th>
            <th scope="col">{t.columns.state}</th>
            <th scope="col" class="number">
              {t.columns.pid}
            </th>
            <th scope="col" class="number">
              {t.columns.restarts}
            </th>
            <th scope="col">{t.columns.since}</th>
            <th scope="col">{t.columns.kernel}</th>
          </tr>
        </thead>
        <tbody>
          {roles.map((role) => (
            <tr key={`${role.role} ${role.instance}`}>
              <th scope="row">
                {role.role}
                {role.instance > 0 && ` ${role.instance}`}
                <span class="hint">{t.roleWork[role.role] ?? ''}</span>
              </th>
              <td data-label={t.columns.state}>
                <StateWord
                  tone={role.ready ? 'good' : 'bad'}
                  text={role.ready ? words.ready : words.notReady}
                />
              </td>
              <td data-label={t.columns.pid} class="number">
                {role.pid}
              </td>
              <td data-label={t.columns.restarts} class="number">
                {countText(role.restarts)}
              </td>
              <td data-label={t.columns.since}>{lengthText(now_us - role.started_us)}</td>
              <td data-label={t.columns.kernel} lang="en">
                {role.kernel || t.kernelNone}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

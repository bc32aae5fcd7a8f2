import { useSignal } from '@preact/signals';
import { api, remedyKinds, type Audit, type Camera } from '../api';
import { AuditWord, CameraAudit } from '../components/CameraAudit';
import { CameraDetails, trackText } from '../components/CameraDetails';
import { CameraFindings } from '../components/CameraFindings';
import { CameraForm } from '../components/CameraForm';
import { CameraHistory } from '../components/CameraHistory';
import { CameraRemedies } from '../components/CameraRemedies';
import { Icon } from '../components/Icon';
import { MaintenanceCard, MaintenanceWord } from '../components/MaintenanceCard';
import { Moment } from '../components/Moment';
import { Notice } from '../components/Notice';
import { RemoveCamera } from '../components/RemoveCamera';
import { StateWord } from '../components/StateWord';
import { useAnswer } from '../components/useAnswer';
import { texts } from '../language';
import { bytesText, lengthText } from '../model/amounts';
import { cameraWord } from '../model/judge';
import { dateText } from '../model/moments';
import { go, href, route } from '../route';
import { isAdministrator, mayTakeCare, recorderNowUs } from '../session';
import { status } from '../status';

// #/cameras, #/cameras/new, #/cameras/<id>, #/cameras/<id>/edit
export function Cameras() {
  const cameras = status.value?.cameras;
  const [first, second] = route.value.rest;
  const back = (id: string | undefined): void => go(href('cameras', id ? [id] : []));

  if (!cameras) {
    return <p>{texts.value.loading}</p>;
  }
  if (first === undefined) {
    return <CameraList cameras={cameras} />;
  }
  if (first === 'new' && isAdministrator()) {
    return <CameraForm key="new" camera={undefined} onDone={back} />;
  }
  const camera = cameras.find((known) => known.id === first);
  if (!camera) {
    return <Notice tone="warn">{texts.value.cameras.gone}</Notice>;
  }
  return second === 'edit' && isAdministrator() ? (
    <CameraForm key={camera.id} camera={camera} onDone={back} />
  ) : (
    <OneCamera camera={camera} />
  );
}

interface Looked {
  firmware: Map<string, string>;
  support: Map<string, string>;
  audits: Map<string, Audit>;
}

const lookedNothing: Looked = { firmware: new Map(), support: new Map(), audits: new Map() };

// What audits found of all cameras that the list shows; nothing for those who may not see it.
async function lookAtAll(abort: AbortSignal): Promise<Looked> {
  if (!mayTakeCare()) {
    return lookedNothing;
  }
  const [firmware, support, audits] = await Promise.all([
    api.factsOfKind('firmware', abort),
    api.factsOfKind('support_end', abort),
    api.audits(abort),
  ]);
  return {
    firmware: new Map(firmware.facts.map((fact) => [fact.camera, fact.value])),
    support: new Map(support.facts.map((fact) => [fact.camera, fact.value])),
    audits: new Map(audits.audits.map((audit) => [audit.camera, audit])),
  };
}

function CameraList({ cameras }: { cameras: Camera[] }) {
  const t = texts.value.cameras;
  const audit = texts.value.audit;
  const now_us = recorderNowUs();
  const looked = useAnswer('all', lookAtAll).value ?? lookedNothing;
  return (
    <>
      <div class="bar">
        <h1>{t.title}</h1>
        {isAdministrator() && (
          <a class="button primary with-icon push" href={href('cameras', ['new'])}>
            <Icon name="plus" />
            {t.add}
          </a>
        )}
      </div>
      {cameras.length === 0 ? (
        <p>{t.empty}</p>
      ) : (
        <table class="list card">
          <thead>
            <tr>
              <th scope="col">{t.columns.name}</th>
              <th scope="col">{t.columns.state}</th>
              <th scope="col">{t.columns.format}</th>
              <th scope="col" class="number">
                {t.columns.kept}
              </th>
              {!mayTakeCare() && <th scope="col">{t.columns.oldest}</th>}
              {mayTakeCare() && (
                <>
                  <th scope="col">{audit.columns.firmware}</th>
                  <th scope="col">{audit.columns.support}</th>
                  <th scope="col">{audit.columns.audited}</th>
                </>
              )}
            </tr>
          </thead>
          <tbody>
            {cameras.map((camera) => (
              <tr key={camera.id}>
                <th scope="row">
                  <a href={href('cameras', [camera.id])}>{camera.name}</a>
                </th>
                <td data-label={t.columns.state}>
                  <StateWord {...cameraWord(camera, now_us)} /> <MaintenanceWord camera={camera} />
                  {camera.error && camera.state !== 'streaming' && (
                    <code class="error-words" lang="en">
                      {camera.error}
                    </code>
                  )}
                </td>
                <td data-label={t.columns.format}>
                  {camera.tracks[0] ? trackText(camera.tracks[0]) : '–'}
                </td>
                <td data-label={t.columns.kept} class="number">
                  {bytesText(camera.kept_bytes)}
                </td>
                {mayTakeCare() ? (
                  <LookedCells camera={camera} looked={looked} />
                ) : (
                  <td data-label={t.columns.oldest}>
                    {camera.oldest_us === null ? '–' : <Moment us={camera.oldest_us} />}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function LookedCells({ camera, looked }: { camera: Camera; looked: Looked }) {
  const t = texts.value.audit.columns;
  const now_us = recorderNowUs();
  const audit = looked.audits.get(camera.id);
  const support = looked.support.get(camera.id);
  return (
    <>
      <td data-label={t.firmware}>{looked.firmware.get(camera.id) || '–'}</td>
      <td data-label={t.support}>{support ? dateText(Number(support)) : '–'}</td>
      <td data-label={t.audited}>
        {audit ? (
          <>
            <AuditWord audit={audit} />{' '}
            {audit.ended_us !== null &&
              texts.value.audit.ago(lengthText(now_us - audit.ended_us))}
          </>
        ) : (
          '–'
        )}
      </td>
    </>
  );
}

function OneCamera({ camera }: { camera: Camera }) {
  const t = texts.value.cameras;
  const isRemoving = useSignal(false);
  // Counts audits that came to an end, so that what follows from them is asked again.
  const round = useSignal(0);
  const wanted = remedyKinds.find((kind) => kind === route.value.query.get('fix'));
  return (
    <>
      <div class="bar">
        <a
          class="button tool"
          href={href('cameras')}
          aria-label={texts.value.back}
          title={texts.value.back}
        >
          <Icon name="left" />
        </a>
        <h1>{camera.name}</h1>
        <MaintenanceWord camera={camera} />
        {isAdministrator() && (
          <div class="buttons push">
            <a class="button" href={href('cameras', [camera.id, 'edit'])}>
              {t.edit}
            </a>
            <button class="danger" onClick={() => (isRemoving.value = true)}>
              {t.remove}
            </button>
          </div>
        )}
      </div>
      <CameraDetails camera={camera} />
      {mayTakeCare() && (
        <div class="stack">
          <CameraAudit key={camera.id} camera={camera} onDone={() => round.value++} />
          <CameraFindings camera={camera} round={round.value} />
          <CameraHistory key={`history ${camera.id}`} camera={camera} round={round.value} />
          <CameraRemedies key={`${camera.id} ${wanted ?? ''}`} camera={camera} wanted={wanted} />
        </div>
      )}
      <MaintenanceCard camera={camera} />
      {isRemoving.value && (
        <RemoveCamera
          camera={camera}
          onDone={(isRemoved) => {
            isRemoving.value = false;
            if (isRemoved) {
              go(href('cameras'));
            }
          }}
        />
      )}
    </>
  );
}

import { useSignal } from '@preact/signals';
import type { Camera } from '../api';
import { CameraDetails, trackText } from '../components/CameraDetails';
import { CameraForm } from '../components/CameraForm';
import { Icon } from '../components/Icon';
import { MaintenanceCard, MaintenanceWord } from '../components/MaintenanceCard';
import { Moment } from '../components/Moment';
import { Notice } from '../components/Notice';
import { RemoveCamera } from '../components/RemoveCamera';
import { StateWord } from '../components/StateWord';
import { texts } from '../language';
import { bytesText } from '../model/amounts';
import { cameraWord } from '../model/judge';
import { go, href, route } from '../route';
import { isAdministrator, recorderNowUs } from '../session';
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

function CameraList({ cameras }: { cameras: Camera[] }) {
  const t = texts.value.cameras;
  const now_us = recorderNowUs();
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
              <th scope="col">{t.columns.oldest}</th>
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
                <td data-label={t.columns.oldest}>
                  {camera.oldest_us === null ? '–' : <Moment us={camera.oldest_us} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function OneCamera({ camera }: { camera: Camera }) {
  const t = texts.value.cameras;
  const isRemoving = useSignal(false);
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

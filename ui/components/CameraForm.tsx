import { useSignal } from '@preact/signals';
import { useId, useRef } from 'preact/hooks';
import { api, ApiError, type Camera, type Transport } from '../api';
import { texts } from '../language';
import {
  draftField,
  draftOf,
  findWrong,
  toChange,
  type CameraDraft,
  type Wrong,
} from '../model/camera_draft';
import { refreshStatus } from '../status';
import { Check, Field } from './Field';
import { ErrorNotice, Notice } from './Notice';

interface CameraFormProps {
  // undefined: a new one
  camera: Camera | undefined;
  onDone: (id: string | undefined) => void;
}

const transports: Transport[] = ['auto', 'tcp', 'udp'];

export function CameraForm({ camera, onDone }: CameraFormProps) {
  const t = texts.value.form;
  const draft = useSignal<CameraDraft>(draftOf(camera));
  const wrong = useSignal<Wrong>({});
  const error = useSignal<unknown>(undefined);
  const isBusy = useSignal(false);
  const form = useRef<HTMLFormElement>(null);
  const transportId = useId();
  const { value } = draft;

  const put = (change: Partial<CameraDraft>): void => {
    draft.value = { ...draft.value, ...change };
  };
  const showWrong = (found: Wrong): void => {
    wrong.value = found;
    window.requestAnimationFrame(() => {
      form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus();
    });
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const found = findWrong(draft.value);
    showWrong(found);
    error.value = undefined;
    if (Object.keys(found).length > 0 || isBusy.value) {
      return;
    }
    isBusy.value = true;
    try {
      const change = toChange(draft.value);
      const id = camera ? camera.id : (await api.addCamera(change)).id;
      if (camera) {
        await api.changeCamera(id, change);
      }
      await refreshStatus();
      onDone(id);
    } catch (reason) {
      const field = reason instanceof ApiError ? draftField(reason.field) : undefined;
      if (reason instanceof ApiError && field) {
        showWrong({ [field]: `${texts.value.errors[reason.code]} (${reason.message})` });
      } else {
        error.value = reason;
      }
    } finally {
      isBusy.value = false;
    }
  };
  const isMoreOpen =
    value.transport !== 'auto' ||
    value.allowBasic ||
    value.pin !== '' ||
    wrong.value.pin !== undefined;

  return (
    <form ref={form} class="card camera-form" onSubmit={submit} noValidate>
      <h1>{camera ? t.editTitle(camera.name) : t.addTitle}</h1>
      <Field
        label={t.name}
        value={value.name}
        onText={(name) => put({ name })}
        name="name"
        hint={t.nameHint}
        error={wrong.value.name}
        autocomplete="off"
      />
      <Field
        label={t.url}
        value={value.url}
        onText={(url) => put({ url })}
        name="url"
        type="url"
        hint={t.urlHint}
        error={wrong.value.url}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
      />
      <div class="fields">
        <Field
          label={t.user}
          value={value.user}
          onText={(user) => put({ user })}
          name="camera-user"
          error={wrong.value.user}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
        <Field
          label={t.password}
          value={value.password}
          onText={(password) => put({ password })}
          name="camera-password"
          type="password"
          autocomplete="new-password"
          hint={camera ? t.passwordKeep : t.passwordNever}
          error={wrong.value.password}
        />
      </div>
      <div class="fields">
        <Field
          label={t.retainDays}
          value={value.retainDays}
          onText={(retainDays) => put({ retainDays })}
          name="retain-days"
          inputMode="decimal"
          hint={t.retainDaysHint}
          error={wrong.value.retainDays}
        />
        <Field
          label={t.retainGb}
          value={value.retainGb}
          onText={(retainGb) => put({ retainGb })}
          name="retain-gb"
          inputMode="decimal"
          hint={t.retainGbHint}
          error={wrong.value.retainGb}
        />
      </div>
      <Check label={t.enabled} checked={value.enabled} onCheck={(enabled) => put({ enabled })} />
      <details open={isMoreOpen}>
        <summary>{t.more}</summary>
        <div class="field">
          <label for={transportId}>{t.transport}</label>
          <select
            id={transportId}
            value={value.transport}
            onChange={(event) => {
              const chosen = transports.find((known) => known === event.currentTarget.value);
              put({ transport: chosen ?? 'auto' });
            }}
          >
            {transports.map((transport) => (
              <option key={transport} value={transport}>
                {t.transports[transport]}
              </option>
            ))}
          </select>
        </div>
        <Check
          label={t.allowBasic}
          checked={value.allowBasic}
          hint={t.allowBasicHint}
          onCheck={(allowBasic) => put({ allowBasic })}
        />
        <Field
          label={t.pin}
          value={value.pin}
          onText={(pin) => put({ pin })}
          name="pin"
          hint={t.pinHint}
          error={wrong.value.pin}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
      </details>
      {Object.keys(wrong.value).length > 0 && <Notice tone="bad">{t.check}</Notice>}
      {error.value !== undefined && <ErrorNotice error={error.value} />}
      <div class="buttons">
        <button class="primary" type="submit" disabled={isBusy.value}>
          {camera ? texts.value.save : t.submitAdd}
        </button>
        <button type="button" onClick={() => onDone(camera?.id)}>
          {texts.value.cancel}
        </button>
      </div>
    </form>
  );
}

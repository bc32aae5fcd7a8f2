// Where the recorder sends messages: a section of the System page, for administrators.
import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { api, isAborted, type Destination, type DestinationSettings } from '../api';
import { Check, Field } from '../components/Field';
import { ErrorNotice, Notice, RecorderWords } from '../components/Notice';
import { StateWord } from '../components/StateWord';
import { texts } from '../language';
import { countText } from '../model/amounts';
import type { Tone } from '../model/judge';

const lookEveryMs = 2000;

const fresh: DestinationSettings = {
  name: '',
  kind: 'mail',
  url: '',
  user: '',
  has_password: false,
  sender: '',
  recipients: '',
  topic: '',
  discovery: '',
  language: 'both',
  minimum: 'warning',
  ca: '',
  pin: '',
  is_enabled: true,
};

function settingsOf(known: Destination): DestinationSettings {
  const { name, kind, url, user, sender, recipients, topic, discovery } = known;
  const { language, minimum, ca, pin, is_enabled } = known;
  return {
    ...{ name, kind, url, user, sender, recipients, topic, discovery },
    ...{ language, minimum, ca, pin, is_enabled, has_password: false },
  };
}

function wordOf(known: Destination): { tone: Tone; text: string } {
  const t = texts.value.messages.states;
  if (!known.is_enabled) {
    return { tone: 'off', text: t.off };
  }
  if (known.tries > 0) {
    return { tone: 'bad', text: t.failing };
  }
  return known.waiting > 0 ? { tone: 'busy', text: t.waiting } : { tone: 'good', text: t.good };
}

export function Messages() {
  const t = texts.value.messages;
  const list = useSignal<Destination[] | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  // undefined: none; null: a new one
  const edited = useSignal<Destination | null | undefined>(undefined);
  const removed = useSignal<Destination | undefined>(undefined);

  const look = async (signal?: AbortSignal): Promise<void> => {
    try {
      list.value = (await api.destinations(signal)).destinations;
      error.value = undefined;
    } catch (reason) {
      if (!isAborted(reason)) {
        error.value = reason;
      }
    }
  };
  useEffect(() => {
    const end = new AbortController();
    void look(end.signal);
    const timer = window.setInterval(() => void look(end.signal), lookEveryMs);
    return () => {
      window.clearInterval(timer);
      end.abort();
    };
  }, []);
  const test = async (known: Destination): Promise<void> => {
    try {
      await api.testDestination(known.destination);
      await look();
    } catch (reason) {
      error.value = reason;
    }
  };

  return (
    <section class="card">
      <div class="bar">
        <h2>{t.title}</h2>
        <button class="push" onClick={() => (edited.value = null)}>
          {t.add}
        </button>
      </div>
      <p>{t.text}</p>
      {error.value !== undefined && <ErrorNotice error={error.value} />}
      {list.value?.length === 0 && <p>{t.empty}</p>}
      {list.value && list.value.length > 0 && (
        <table class="list">
          <thead>
            <tr>
              <th scope="col">{t.columns.name}</th>
              <th scope="col">{t.columns.state}</th>
              <th scope="col" class="number">
                {t.columns.waiting}
              </th>
              <th scope="col" class="number">
                {t.columns.delivered}
              </th>
              <td />
            </tr>
          </thead>
          <tbody>
            {list.value.map((known) => (
              <Row
                key={known.destination}
                known={known}
                onTest={() => void test(known)}
                onEdit={() => (edited.value = known)}
                onRemove={() => (removed.value = known)}
              />
            ))}
          </tbody>
        </table>
      )}
      {edited.value !== undefined && (
        <DestinationForm
          known={edited.value ?? undefined}
          onDone={() => {
            edited.value = undefined;
            void look();
          }}
        />
      )}
      {removed.value && (
        <RemoveDestination
          known={removed.value}
          onDone={() => {
            removed.value = undefined;
            void look();
          }}
        />
      )}
    </section>
  );
}

interface RowProps {
  known: Destination;
  onTest: () => void;
  onEdit: () => void;
  onRemove: () => void;
}

function Row({ known, onTest, onEdit, onRemove }: RowProps) {
  const t = texts.value.messages;
  return (
    <tr>
      <th scope="row">
        {known.name}
        <span class="hint">{t.kinds[known.kind]}</span>
      </th>
      <td data-label={t.columns.state}>
        <StateWord {...wordOf(known)} />
        {known.error && <RecorderWords text={known.error} />}
        {known.is_testing && <p role="status">{t.testing}</p>}
        {!known.is_testing && known.test !== null && (
          <Notice tone={known.is_test_good ? 'good' : 'bad'}>
            <p>{known.is_test_good ? t.testGood : t.testBad}</p>
            <RecorderWords text={known.test_text} />
          </Notice>
        )}
      </td>
      <td data-label={t.columns.waiting} class="number">
        {countText(known.waiting)}
      </td>
      <td data-label={t.columns.delivered} class="number">
        {countText(known.delivered)}
        {known.given_up > 0 && <span class="hint">{t.givenUp(countText(known.given_up))}</span>}
      </td>
      <td>
        <div class="buttons">
          <button disabled={!known.is_enabled || known.is_testing} onClick={onTest}>
            {t.test}
          </button>
          <button onClick={onEdit}>{t.edit}</button>
          <button class="danger" onClick={onRemove}>
            {t.remove}
          </button>
        </div>
      </td>
    </tr>
  );
}

function RemoveDestination({ known, onDone }: { known: Destination; onDone: () => void }) {
  const t = texts.value.messages;
  const dialog = useRef<HTMLDialogElement>(null);
  const error = useSignal<unknown>(undefined);

  useEffect(() => dialog.current?.showModal(), []);
  const remove = async (): Promise<void> => {
    try {
      await api.removeDestination(known.destination);
      onDone();
    } catch (reason) {
      error.value = reason;
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="remove-destination" onClose={onDone}>
      <h2 id="remove-destination">{t.removeTitle(known.name)}</h2>
      <p>{t.removeText(countText(known.waiting))}</p>
      {error.value !== undefined && <ErrorNotice error={error.value} />}
      <div class="buttons">
        <button class="danger" onClick={remove}>
          {t.remove}
        </button>
        <button autofocus onClick={() => dialog.current?.close()}>
          {texts.value.cancel}
        </button>
      </div>
    </dialog>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  words: Record<T, string>;
  value: T;
  onChoose: (value: T) => void;
}

function Choice<T extends string>({ label, words, value, onChoose }: ChoiceProps<T>) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChoose(event.currentTarget.value as T)}>
        {(Object.keys(words) as T[]).map((key) => (
          <option key={key} value={key}>
            {words[key]}
          </option>
        ))}
      </select>
    </div>
  );
}

// undefined: a new one
function DestinationForm({ known, onDone }: { known: Destination | undefined; onDone: () => void }) {
  const t = texts.value.messages;
  const dialog = useRef<HTMLDialogElement>(null);
  const draft = useSignal<DestinationSettings>(known ? settingsOf(known) : fresh);
  const password = useSignal('');
  const error = useSignal<unknown>(undefined);
  const isBusy = useSignal(false);
  const caId = useId();
  const value = draft.value;
  const put = (change: Partial<DestinationSettings>): void => {
    draft.value = { ...draft.value, ...change };
  };
  const plain = { autocomplete: 'off', autocapitalize: 'none', spellcheck: false } as const;
  const has = (kinds: string): boolean => kinds.includes(value.kind);

  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy.value) {
      return;
    }
    isBusy.value = true;
    error.value = undefined;
    const secret = password.value ? { has_password: true, password: password.value } : {};
    const settings = { ...draft.value, ...secret };
    try {
      if (known) {
        await api.changeDestination(known.destination, settings);
      } else {
        await api.addDestination(settings);
      }
      onDone();
    } catch (reason) {
      error.value = reason;
    } finally {
      isBusy.value = false;
    }
  };

  return (
    <dialog ref={dialog} aria-labelledby="destination-title" onClose={onDone}>
      <form onSubmit={submit} noValidate>
        <h2 id="destination-title">{known ? t.editTitle(known.name) : t.add}</h2>
        <div class="fields">
          <Field {...plain} label={t.name} value={value.name} hint={t.nameHint} name="name"
            onText={(name) => put({ name })} />
          <Choice label={t.kind} words={t.kinds} value={value.kind} onChoose={(kind) => put({ kind })} />
        </div>
        <Field {...plain} label={t.url} value={value.url} type="url" name="url"
          hint={t.urlHints[value.kind]} onText={(url) => put({ url })} />
        {has('mail') && (
          <>
            <Field {...plain} label={t.sender} value={value.sender} name="sender"
              onText={(sender) => put({ sender })} />
            <Field {...plain} label={t.recipients} value={value.recipients} name="recipients"
              onText={(recipients) => put({ recipients })} />
          </>
        )}
        {has('mail mqtt') && (
          <div class="fields">
            <Field {...plain} label={t.user} value={value.user} name="destination-user"
              onText={(user) => put({ user })} />
            <Field label={t.password} type="password" autocomplete="new-password" value={password.value}
              name="destination-password" hint={known ? t.keep : ''}
              onText={(text) => (password.value = text)} />
          </div>
        )}
        {has('webhook') && (
          <Field label={t.key} type="password" autocomplete="new-password" value={password.value}
            name="destination-key" hint={known ? t.keep : ''} onText={(text) => (password.value = text)} />
        )}
        {has('mqtt') && (
          <div class="fields">
            <Field {...plain} label={t.topic} value={value.topic} hint="komainu" name="topic"
              onText={(topic) => put({ topic })} />
            <Field {...plain} label={t.discovery} value={value.discovery} hint={t.discoveryHint}
              name="discovery" onText={(discovery) => put({ discovery })} />
          </div>
        )}
        <div class="fields">
          <Choice label={t.minimum} words={t.severities} value={value.minimum}
            onChoose={(minimum) => put({ minimum })} />
          <Choice label={t.language} words={t.languages} value={value.language}
            onChoose={(language) => put({ language })} />
        </div>
        <details open={value.ca !== '' || value.pin !== ''}>
          <summary>{t.trust}</summary>
          <div class="field">
            <label for={caId}>{t.ca}</label>
            <textarea id={caId} rows={4} spellcheck={false} value={value.ca}
              aria-describedby={`${caId}h`} onInput={(event) => put({ ca: event.currentTarget.value })} />
            <p id={`${caId}h`} class="hint">
              {t.caHint}
            </p>
          </div>
          <Field {...plain} label={t.pin} value={value.pin} hint={t.pinHint} name="pin"
            onText={(pin) => put({ pin })} />
        </details>
        <Check label={t.enabled} checked={value.is_enabled}
          onCheck={(is_enabled) => put({ is_enabled })} />
        {error.value !== undefined && <ErrorNotice error={error.value} />}
        <div class="buttons">
          <button class="primary" type="submit" disabled={isBusy.value}>
            {texts.value.save}
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            {texts.value.cancel}
          </button>
        </div>
      </form>
    </dialog>
  );
}

import { useSignal } from '@preact/signals';
import { api, ApiError } from '../api';
import { Field } from '../components/Field';
import { ErrorNotice } from '../components/Notice';
import { texts } from '../language';
import { enter } from '../session';

const passwordLeast = 12;

type Wrong = Partial<Record<'token' | 'name' | 'password' | 'repeat', string>>;

// The first administrator, by the one-time token.
export function SetUp() {
  const t = texts.value.setup;
  const token = useSignal('');
  const name = useSignal('');
  const password = useSignal('');
  const repeat = useSignal('');
  const wrong = useSignal<Wrong>({});
  const error = useSignal<unknown>(undefined);
  const isBusy = useSignal(false);

  const findWrong = (): Wrong => {
    const found: Wrong = {};
    const length = [...password.value].length;
    if (!token.value.trim()) {
      found.token = t.missing;
    }
    if (!name.value.trim()) {
      found.name = t.missing;
    }
    if (length < passwordLeast) {
      found.password = t.tooShort(length);
    }
    if (password.value !== repeat.value) {
      found.repeat = t.different;
    }
    return found;
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    wrong.value = findWrong();
    error.value = undefined;
    if (Object.keys(wrong.value).length > 0 || isBusy.value) {
      return;
    }
    isBusy.value = true;
    try {
      enter(await api.setUp(token.value.trim(), name.value.trim(), password.value));
    } catch (reason) {
      const field = reason instanceof ApiError ? reason.field : undefined;
      if (
        reason instanceof ApiError &&
        (field === 'token' || field === 'name' || field === 'password')
      ) {
        wrong.value = { [field]: reason.message };
      } else {
        error.value = reason;
      }
    } finally {
      isBusy.value = false;
    }
  };

  return (
    <form class="card door" onSubmit={submit} noValidate>
      <h1>{t.title}</h1>
      <p>{t.intro}</p>
      <Field
        label={t.token}
        value={token.value}
        onText={(text) => (token.value = text)}
        name="token"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        hint={t.tokenHint}
        error={wrong.value.token}
      />
      <Field
        label={t.name}
        value={name.value}
        onText={(text) => (name.value = text)}
        name="name"
        autocomplete="username"
        autocapitalize="none"
        maxLength={63}
        error={wrong.value.name}
      />
      <Field
        label={t.password}
        type="password"
        value={password.value}
        name="password"
        onText={(text) => (password.value = text)}
        autocomplete="new-password"
        maxLength={255}
        hint={t.passwordHint}
        error={wrong.value.password}
      />
      <Field
        label={t.repeat}
        type="password"
        value={repeat.value}
        name="repeat"
        onText={(text) => (repeat.value = text)}
        autocomplete="new-password"
        maxLength={255}
        error={wrong.value.repeat}
      />
      {error.value !== undefined && <ErrorNotice error={error.value} />}
      <button class="primary" type="submit" disabled={isBusy.value}>
        {t.submit}
      </button>
    </form>
  );
}

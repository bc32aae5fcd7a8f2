import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, ApiError } from '../api';
import { Field } from '../components/Field';
import { ErrorNotice, Notice } from '../components/Notice';
import { texts } from '../language';
import { lengthText } from '../model/amounts';
import { second } from '../model/moments';
import { enter, wasEnded } from '../session';

export function LogIn() {
  const t = texts.value.login;
  const name = useSignal('');
  const password = useSignal('');
  const code = useSignal('');
  const wantsCode = useSignal(false);
  const error = useSignal<unknown>(undefined);
  const lockedUntilMs = useSignal(0);
  const nowMs = useSignal(Date.now());
  const isBusy = useSignal(false);
  const isLocked = lockedUntilMs.value > nowMs.value;

  useEffect(() => {
    if (!isLocked) {
      return undefined;
    }
    const timer = window.setInterval(() => (nowMs.value = Date.now()), 250);
    return () => window.clearInterval(timer);
  }, [isLocked]);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy.value || isLocked || !name.value || !password.value) {
      return;
    }
    isBusy.value = true;
    error.value = undefined;
    try {
      enter(await api.logIn(name.value.trim(), password.value, code.value.trim()));
    } catch (reason) {
      code.value = '';
      if (reason instanceof ApiError && reason.code === 'second_factor_needed') {
        // The first time it is a question, not a failure.
        error.value = wantsCode.value ? reason : undefined;
        wantsCode.value = true;
        return;
      }
      wantsCode.value = false;
      password.value = '';
      nowMs.value = Date.now();
      if (reason instanceof ApiError && reason.code === 'locked') {
        lockedUntilMs.value = nowMs.value + (reason.retryAfterS ?? 60) * 1000;
      } else if (reason instanceof ApiError && reason.code === 'login_failed') {
        // The recorder's own words add nothing to this one.
        error.value = new ApiError(reason.code, '', reason.status);
      } else {
        error.value = reason;
      }
    } finally {
      isBusy.value = false;
    }
  };

  return (
    <form class="card door" onSubmit={submit}>
      <h1>{t.title}</h1>
      {wasEnded.value && <Notice tone="warn">{t.ended}</Notice>}
      <Field
        label={t.name}
        value={name.value}
        onText={(text) => (name.value = text)}
        name="name"
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        required
      />
      <Field
        label={t.password}
        type="password"
        value={password.value}
        name="password"
        onText={(text) => (password.value = text)}
        autocomplete="current-password"
        required
      />
      {wantsCode.value && (
        <Field
          label={t.code}
          hint={t.codeHint}
          value={code.value}
          name="code"
          onText={(text) => (code.value = text)}
          autocomplete="one-time-code"
          required
        />
      )}
      {isLocked && (
        <Notice tone="bad">
          {t.locked(lengthText(Math.ceil((lockedUntilMs.value - nowMs.value) / 1000) * second))}
        </Notice>
      )}
      {error.value !== undefined && <ErrorNotice error={error.value} />}
      <button class="primary" type="submit" disabled={isBusy.value || isLocked}>
        {t.submit}
      </button>
    </form>
  );
}

import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  label: string;
  type?: 'text' | 'password' | 'url' | 'datetime-local';
  name?: string;
  autocomplete?: 'off' | 'username' | 'new-password' | 'current-password' | 'one-time-code';
  autocapitalize?: 'none';
  spellcheck?: boolean;
  inputMode?: 'decimal';
  maxLength?: number;
  required?: boolean;
  step?: number;
  value: string;
  onText: (text: string) => void;
  hint?: string;
  error?: string | undefined;
}

// A labelled input; its hint and its error are read out with it.
export function Field({ label, value, onText, hint, error, type = 'text', ...rest }: FieldProps) {
  const id = useId();
  // Preact's types name one `type` at a time, each with its own attributes.
  const kind: object = { type };
  return (
    <div class={error ? 'field wrong' : 'field'}>
      <label for={id}>{label}</label>
      <input
        {...rest}
        {...kind}
        id={id}
        value={value}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}e ${id}h` : `${id}h`}
        onInput={(event) => onText(event.currentTarget.value)}
      />
      {error && (
        <p id={`${id}e`} class="field-error">
          {error}
        </p>
      )}
      {hint && (
        <p id={`${id}h`} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

interface CheckProps {
  label: ComponentChildren;
  checked: boolean;
  onCheck: (checked: boolean) => void;
  hint?: string;
  disabled?: boolean;
}

export function Check({ label, checked, onCheck, hint, disabled = false }: CheckProps) {
  const id = useId();
  return (
    <div class="check">
      <label>
        <input
          type="checkbox"
          checked={checked}
          disabled={disabled}
          aria-describedby={hint ? `${id}h` : undefined}
          onChange={(event) => onCheck(event.currentTarget.checked)}
        />
        <span>{label}</span>
      </label>
      {hint && (
        <p id={`${id}h`} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

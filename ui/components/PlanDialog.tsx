import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api, type Camera, type Plan, type PlanStep, type RemedyKind, type RemedyWish } from '../api';
import { texts } from '../language';
import { lengthText } from '../model/amounts';
import { recorderNowUs } from '../session';
import { Check, Field } from './Field';
import { ErrorNotice, Notice } from './Notice';
import { useSending } from './useSending';

const look_ms = 400;

type Wish = Omit<RemedyWish, 'camera' | 'remedy'>;

interface PlanDialogProps {
  camera: Camera;
  remedy: RemedyKind;
  // isRun: it was begun; what becomes of it stands among what was put right.
  onClose: (isRun: boolean) => void;
}

// Asks what is wanted, shows exactly what will be sent, and sends it after the person's password.
export function PlanDialog({ camera, remedy, onClose }: PlanDialogProps) {
  const t = texts.value.remedy;
  const dialog = useRef<HTMLDialogElement>(null);
  const wish = useSignal<Wish>({});
  const plan = useSignal<{ plan: Plan; steps: PlanStep[] } | undefined>(undefined);
  const sending = useSending();
  const isGone = useRef(false);

  useEffect(() => {
    dialog.current?.showModal();
    return () => {
      isGone.current = true;
    };
  }, []);

  const makePlan = async (): Promise<void> => {
    await sending.send(async () => {
      const made = await api.makePlan({ camera: camera.id, remedy, ...wish.value });
      let shown = { plan: made.plans[0] as Plan, steps: [] as PlanStep[] };
      while (shown.plan.state === 'making' && !isGone.current) {
        await new Promise((done) => setTimeout(done, look_ms));
        const answer = await api.plan(shown.plan.plan);
        shown = { plan: answer.plans[0] as Plan, steps: answer.steps ?? [] };
      }
      plan.value = shown;
    });
  };

  return (
    <dialog
      ref={dialog}
      class="wide"
      aria-labelledby="plan-title"
      onClose={() => onClose(false)}
    >
      <h2 id="plan-title">
        {t.names[remedy]}: {camera.name}
      </h2>
      <Notice tone="warn">{t.risks[remedy]}</Notice>
      {!plan.value || plan.value.plan.state === 'failed' ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void makePlan();
          }}
          noValidate
        >
          <WishFields
            remedy={remedy}
            wish={wish.value}
            onWish={(more) => (wish.value = { ...wish.value, ...more })}
          />
          {plan.value && <Notice tone="bad">{plan.value.plan.text}</Notice>}
          {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
          {sending.isBusy.value && <p role="status">{t.making}</p>}
          <div class="buttons">
            <button class="primary" type="submit" disabled={sending.isBusy.value}>
              {t.begin}
            </button>
            <button type="button" onClick={() => dialog.current?.close()}>
              {texts.value.cancel}
            </button>
          </div>
        </form>
      ) : (
        <ReadyPlan
          plan={plan.value.plan}
          steps={plan.value.steps}
          onRun={() => onClose(true)}
          onCancel={() => dialog.current?.close()}
        />
      )}
    </dialog>
  );
}

interface WishFieldsProps {
  remedy: RemedyKind;
  wish: Wish;
  onWish: (more: Wish) => void;
}

// What a person may decide about it.
function WishFields({ remedy, wish, onWish }: WishFieldsProps) {
  const t = texts.value.remedy;
  const services = (wish.services ?? '').split(',').filter((one) => one !== '');

  switch (remedy) {
    case 'password':
      return (
        <>
          <Field
            label={t.account}
            hint={t.accountHint}
            name="account"
            value={wish.account ?? ''}
            onText={(account) => onWish({ account })}
            autocomplete="off"
            maxLength={60}
          />
          <Field
            label={t.current}
            hint={t.currentHint}
            name="current"
            type="password"
            value={wish.current ?? ''}
            onText={(current) => onWish({ current })}
            autocomplete="off"
            maxLength={200}
          />
          <Check
            label={t.clear}
            hint={t.clearHint}
            checked={wish.allows_clear ?? false}
            onCheck={(allows_clear) => onWish({ allows_clear })}
          />
        </>
      );
    case 'services':
      return (
        <fieldset>
          <legend>{t.services}</legend>
          {['http', 'https', 'discovery'].map((one) => (
            <Check
              key={one}
              label={one === 'discovery' ? 'WS-Discovery' : one.toUpperCase()}
              checked={services.includes(one)}
              onCheck={(isOn) =>
                onWish({
                  services: [...services.filter((other) => other !== one), ...(isOn ? [one] : [])].join(
                    ',',
                  ),
                })
              }
            />
          ))}
        </fieldset>
      );
    case 'ntp':
      return (
        <Field
          label={t.servers}
          hint={t.serversHint}
          name="servers"
          value={wish.servers ?? ''}
          onText={(servers) => onWish({ servers })}
          autocomplete="off"
          maxLength={500}
        />
      );
    case 'filter':
      return (
        <>
          <Field
            label={t.addresses}
            hint={t.addressesHint}
            name="addresses"
            value={wish.addresses ?? ''}
            onText={(addresses) => onWish({ addresses })}
            autocomplete="off"
            maxLength={1000}
          />
          <Check
            label={t.off}
            checked={wish.is_off ?? false}
            onCheck={(is_off) => onWish({ is_off })}
          />
        </>
      );
    case 'reset':
      return (
        <Check
          label={t.hard}
          checked={wish.is_hard ?? false}
          onCheck={(is_hard) => onWish({ is_hard })}
        />
      );
    case 'firmware':
      return (
        <Field
          label={t.file}
          hint={t.fileHint}
          name="file"
          value={wish.file ?? ''}
          onText={(file) => onWish({ file })}
          autocomplete="off"
          maxLength={120}
        />
      );
    case 'reboot':
      return null;
  }
}

interface ReadyPlanProps {
  plan: Plan;
  steps: PlanStep[];
  onRun: () => void;
  onCancel: () => void;
}

function ReadyPlan({ plan, steps, onRun, onCancel }: ReadyPlanProps) {
  const t = texts.value.remedy;
  const password = useSignal('');
  const isMissing = useSignal(false);
  const sending = useSending();
  const left_us = plan.until_us - recorderNowUs();

  const run = async (event: Event): Promise<void> => {
    event.preventDefault();
    isMissing.value = password.value === '';
    if (isMissing.value) {
      return;
    }
    const isRun = await sending.send(() => api.runPlan(plan.plan, password.value));
    password.value = '';
    if (isRun) {
      onRun();
    }
  };
  return (
    <form onSubmit={(event) => void run(event)} noValidate>
      <h3>{t.steps}</h3>
      <ol class="notes">
        {steps.map((step) => (
          <li key={step.place}>
            <p>
              <strong>{t.operations[step.operation] ?? step.operation}</strong> {t.does[step.does]}{' '}
              <code>{step.target}</code>
            </p>
            {step.parameters && (
              <pre class="sent" lang="en">
                {step.parameters}
              </pre>
            )}
          </li>
        ))}
      </ol>
      <p class="hint">{left_us > 0 ? t.until(lengthText(left_us)) : t.over}</p>
      <Field
        label={t.password}
        name="password"
        type="password"
        value={password.value}
        onText={(text) => (password.value = text)}
        autocomplete="current-password"
        error={isMissing.value ? t.missing : undefined}
      />
      {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
      {sending.isBusy.value && <p role="status">{t.running}</p>}
      <div class="buttons">
        <button class="danger" type="submit" disabled={sending.isBusy.value || left_us <= 0}>
          {t.run}
        </button>
        <button type="button" onClick={onCancel}>
          {texts.value.cancel}
        </button>
      </div>
    </form>
  );
}

import { useSignal } from '@preact/signals';
import { api, profileParts, type Profile, type ProfilePart } from '../api';
import { texts } from '../language';
import { go, href } from '../route';
import { isAdministrator } from '../session';
import { Check } from './Field';
import { Icon } from './Icon';
import { Moment } from './Moment';
import { ErrorNotice } from './Notice';
import { useSending } from './useSending';

interface ProfileProps {
  profile: Profile | undefined;
  onDone: () => void;
}

// How the system is set up: which sections of the checklist apply.
export function ProfileForm({ profile, onDone }: ProfileProps) {
  const t = texts.value.checklist;
  const chosen = useSignal<ProfilePart[]>(
    profileParts.filter((part) => (profile?.parts ?? '').split(',').includes(part)),
  );
  const sending = useSending();
  const may = isAdministrator();

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const isDone = await sending.send(() =>
      api.setProfile(chosen.value.length === 0 ? 'none' : chosen.value.join(',')),
    );
    if (isDone) {
      onDone();
      go(href('checklist'));
    }
  };
  return (
    <>
      <div class="bar">
        <a
          class="button tool"
          href={href('checklist')}
          aria-label={texts.value.back}
          title={texts.value.back}
        >
          <Icon name="left" />
        </a>
        <h1>{t.profile}</h1>
      </div>
      <p class="guide">{t.profileText}</p>
      <form class="card" onSubmit={(event) => void submit(event)} noValidate>
        {profileParts.map((part) => (
          <Check
            key={part}
            label={t.profileParts[part]}
            checked={chosen.value.includes(part)}
            disabled={!may}
            onCheck={(isIn) =>
              (chosen.value = isIn
                ? [...chosen.value, part]
                : chosen.value.filter((known) => known !== part))
            }
          />
        ))}
        {profile?.set_us != null && (
          <p class="hint">
            {t.setBy(profile.by)} <Moment us={profile.set_us} />
          </p>
        )}
        {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
        {may && (
          <button class="primary" type="submit" disabled={sending.isBusy.value}>
            {texts.value.save}
          </button>
        )}
      </form>
    </>
  );
}

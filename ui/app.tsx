// The frame around all screens: who is in, the places, the language.
import { useEffect } from 'preact/hooks';
import { unseenAlarms } from './care';
import { Icon } from './components/Icon';
import { Notice } from './components/Notice';
import { choose, language, languages, texts, type Language } from './language';
import { href, places, route, type Place } from './route';
import { Alarms } from './screens/alarms';
import { Cameras } from './screens/cameras';
import { Checklist } from './screens/checklist';
import { Duties } from './screens/duties';
import { Journal } from './screens/journal';
import { Live } from './screens/live';
import { LogIn } from './screens/login';
import { People } from './screens/people';
import { Recordings } from './screens/recordings';
import { SetUp } from './screens/setup';
import { System } from './screens/system';
import { Today } from './screens/today';
import { begin, logOut, mayEnter, session, stage } from './session';
import { statusError, watchStatus } from './status';

const screens: Record<Place, () => preact.JSX.Element> = {
  today: Today,
  live: Live,
  recordings: Recordings,
  cameras: Cameras,
  alarms: Alarms,
  checklist: Checklist,
  duties: Duties,
  journal: Journal,

  people: People,
  system: System,
};

const languageNames: Record<Language, string> = { ja: '日本語', en: 'English' };

export function App() {
  switch (stage.value) {
    case 'asking':
      return (
        <Door>
          <p role="status">{texts.value.loading}</p>
        </Door>
      );
    case 'unreachable':
      return (
        <Door>
          <Unreachable />
        </Door>
      );
    case 'setup':
      return (
        <Door>
          <SetUp />
        </Door>
      );
    case 'login':
      return (
        <Door>
          <LogIn />
        </Door>
      );
    case 'inside':
      return <Inside />;
  }
}

function Door({ children }: { children: preact.ComponentChildren }) {
  return (
    <div class="outside">
      <header>
        <Mark />
        <LanguageSwitch />
      </header>
      <main>{children}</main>
    </div>
  );
}

function Mark() {
  return (
    <span class="mark">
      <img src="/favicon.svg" alt="" width="28" height="28" />
      <span>Komainu</span>
    </span>
  );
}

function LanguageSwitch() {
  return (
    <div class="segmented language" role="group" aria-label={texts.value.chooseLanguage}>
      {languages.map((known) => (
        <button
          key={known}
          lang={known}
          aria-pressed={language.value === known}
          onClick={() => choose(known)}
        >
          {languageNames[known]}
        </button>
      ))}
    </div>
  );
}

function Unreachable() {
  const t = texts.value;
  useEffect(() => {
    const timer = window.setInterval(() => void begin(), 5000);
    return () => window.clearInterval(timer);
  }, []);
  return (
    <div class="card door">
      <h1>{t.unreachable.title}</h1>
      <p>{t.unreachable.text}</p>
      <button class="primary" onClick={() => void begin()}>
        {t.retry}
      </button>
    </div>
  );
}

function Inside() {
  const t = texts.value;
  const wished = route.value.place;
  const place = mayEnter(wished) ? wished : 'today';
  const Screen = screens[place];

  useEffect(() => watchStatus(), []);
  useEffect(() => {
    document.title = `${t.places[place]} – Komainu`;
  }, [place, t]);
  return (
    <div class="inside">
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('content')?.focus();
        }}
      >
        {t.skipToContent}
      </a>
      <header>
        <Mark />
        <nav aria-label={t.navigation}>
          {places.filter(mayEnter).map((name) => (
            <a key={name} href={href(name)} aria-current={name === place ? 'page' : undefined}>
              <Icon name={name} />
              <span>{t.places[name]}</span>
              {name === 'alarms' && <Unseen />}
            </a>
          ))}
        </nav>
        <div class="who">
          <LanguageSwitch />
          <span class="account">{session.value?.account.name}</span>
          <button onClick={() => void logOut()}>{t.account.logOut}</button>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {statusError.value && statusError.value.code !== 'not_logged_in' && (
          <Notice tone="bad">{t.connectionLost}</Notice>
        )}
        <Screen key={place} />
      </main>
    </div>
  );
}

// How many alarms nobody has seen yet.
function Unseen() {
  const count = unseenAlarms.value;
  return count === 0 ? null : (
    <span class="badge">
      <span aria-hidden="true">{count}</span>
      <span class="visually-hidden">{texts.value.alarms.unseen(count)}</span>
    </span>
  );
}

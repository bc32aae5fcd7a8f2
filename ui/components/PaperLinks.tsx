import { language, texts } from '../language';

const formats = ['html', 'xlsx', 'json', 'sarif', 'oscal'] as const;

// The checklist with its evidence as a file, in the language of the page.
export function PaperLinks() {
  const t = texts.value.papers;
  return (
    <section class="card" aria-labelledby="papers">
      <h2 id="papers">{t.title}</h2>
      <p>{t.text}</p>
      <PaperButtons />
    </section>
  );
}

// A link for each format; with a camera, of this one alone.
export function PaperButtons({ camera }: { camera?: string }) {
  const t = texts.value.papers;
  const only = camera === undefined ? '' : `&camera=${camera}`;
  return (
    <div class="buttons">
      {formats.map((format) => (
        <a
          key={format}
          class="button"
          href={`/api/v1/checklist/report?format=${format}&language=${language.value}${only}`}
          download
        >
          {t.formats[format]}
        </a>
      ))}
    </div>
  );
}

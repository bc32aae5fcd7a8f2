// Small choices of this browser. They may be forgotten at any time (private windows).

export function recall(key: string): string | undefined {
  try {
    return localStorage.getItem(`komainu.${key}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`komainu.${key}`, value);
  } catch {
    // Storage is off or full: the choice lasts until the page is closed.
  }
}

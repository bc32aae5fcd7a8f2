// QR codes [ISO/IEC 18004]: byte mode, error correction level M, versions 1 to 10, so that up to
// 213 bytes find room. No more is needed for what a telephone reads from this page.

// Of each version: check bytes of a block, blocks as [count, data bytes each], and the places of
// alignment patterns (tables 9 and E.1).
const versions: { check: number; blocks: [number, number][]; centres: number[] }[] = [
  { check: 10, blocks: [[1, 16]], centres: [] },
  { check: 16, blocks: [[1, 28]], centres: [6, 18] },
  { check: 26, blocks: [[1, 44]], centres: [6, 22] },
  { check: 18, blocks: [[2, 32]], centres: [6, 26] },
  { check: 24, blocks: [[2, 43]], centres: [6, 30] },
  { check: 16, blocks: [[4, 27]], centres: [6, 34] },
  { check: 18, blocks: [[4, 31]], centres: [6, 22, 38] },
  {
    check: 22,
    blocks: [
      [2, 38],
      [2, 39],
    ],
    centres: [6, 24, 42],
  },
  {
    check: 22,
    blocks: [
      [3, 36],
      [2, 37],
    ],
    centres: [6, 26, 46],
  },
  {
    check: 26,
    blocks: [
      [4, 43],
      [1, 44],
    ],
    centres: [6, 28, 50],
  },
];

const masks: ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

// --- bytes ---

const dataBytes = (version: number): number =>
  versions[version - 1]!.blocks.reduce((sum, [count, size]) => sum + count * size, 0);

const lengthBits = (version: number): number => (version < 10 ? 8 : 16);

const capacity = (version: number): number =>
  Math.floor((dataBytes(version) * 8 - 4 - lengthBits(version)) / 8);

// Mode, length, the bytes, an end, and filling.
function writeData(bytes: Uint8Array, version: number): Uint8Array {
  const bits: number[] = [];
  const add = (value: number, count: number): void => {
    for (let i = count - 1; i >= 0; i--) {
      bits.push((value >> i) & 1);
    }
  };
  const size = dataBytes(version);
  add(4, 4);
  add(bytes.length, lengthBits(version));
  bytes.forEach((byte) => add(byte, 8));
  add(0, Math.min(4, size * 8 - bits.length));
  add(0, (8 - (bits.length % 8)) % 8);
  const data = new Uint8Array(size);
  for (let i = 0; i < bits.length; i++) {
    data[i >> 3]! |= bits[i]! << (7 - (i & 7));
  }
  for (let i = bits.length / 8, isFirst = true; i < size; i++, isFirst = !isFirst) {
    data[i] = isFirst ? 0xec : 0x11;
  }
  return data;
}

// In the field of 256 elements by x^8 + x^4 + x^3 + x^2 + 1.
function multiply(a: number, b: number): number {
  let product = 0;
  for (let i = 7; i >= 0; i--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> i) & 1) * a;
  }
  return product;
}

// The product of x - 2^i for i < count, without its first coefficient.
function makeGenerator(count: number): number[] {
  const generator = new Array<number>(count).fill(0);
  generator[count - 1] = 1;
  for (let i = 0, root = 1; i < count; i++, root = multiply(root, 2)) {
    for (let j = 0; j < count; j++) {
      generator[j] = multiply(generator[j]!, root) ^ (generator[j + 1] ?? 0);
    }
  }
  return generator;
}

function makeCheck(data: Uint8Array, generator: number[]): Uint8Array {
  const rest = new Uint8Array(generator.length);
  for (const byte of data) {
    const factor = byte ^ rest[0]!;
    rest.copyWithin(0, 1);
    rest[rest.length - 1] = 0;
    generator.forEach((value, i) => (rest[i]! ^= multiply(value, factor)));
  }
  return rest;
}

// The blocks with their check bytes, interleaved.
function interleave(data: Uint8Array, version: number): number[] {
  const { check, blocks } = versions[version - 1]!;
  const generator = makeGenerator(check);
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [count, size] of blocks) {
    for (let i = 0; i < count; i++, at += size) {
      parts.push(data.subarray(at, at + size));
    }
  }
  const checks = parts.map((part) => makeCheck(part, generator));
  const most = Math.max(...parts.map((part) => part.length));
  const all: number[] = [];
  for (let i = 0; i < most; i++) {
    parts.forEach((part) => i < part.length && all.push(part[i]!));
  }
  for (let i = 0; i < check; i++) {
    checks.forEach((part) => all.push(part[i]!));
  }
  return all;
}

// --- the square ---

class Square {
  readonly size: number;
  readonly dark: Uint8Array;
  private readonly fixed: Uint8Array;

  constructor(readonly version: number) {
    this.size = 17 + 4 * version;
    this.dark = new Uint8Array(this.size * this.size);
    this.fixed = new Uint8Array(this.size * this.size);
    this.drawTiming();
    this.drawFinders();
    this.drawAlignments();
    this.drawFormat(0);
    this.drawVersion();
  }

  isDark(x: number, y: number): boolean {
    return this.dark[y * this.size + x] === 1;
  }

  private fix(x: number, y: number, isDark: boolean): void {
    if (x >= 0 && y >= 0 && x < this.size && y < this.size) {
      this.dark[y * this.size + x] = isDark ? 1 : 0;
      this.fixed[y * this.size + x] = 1;
    }
  }

  // Rings around a centre; `lightRings` of them are light, the others dark.
  private drawRings(centreX: number, centreY: number, most: number, lightRings: number[]): void {
    for (let y = -most; y <= most; y++) {
      for (let x = -most; x <= most; x++) {
        const ring = Math.max(Math.abs(x), Math.abs(y));
        this.fix(centreX + x, centreY + y, !lightRings.includes(ring));
      }
    }
  }

  private drawTiming(): void {
    for (let i = 0; i < this.size; i++) {
      this.fix(i, 6, i % 2 === 0);
      this.fix(6, i, i % 2 === 0);
    }
  }

  private drawFinders(): void {
    for (const [x, y] of [
      [3, 3],
      [this.size - 4, 3],
      [3, this.size - 4],
    ] as [number, number][]) {
      this.drawRings(x, y, 4, [2, 4]);
    }
  }

  private drawAlignments(): void {
    const { centres } = versions[this.version - 1]!;
    const last = centres.length - 1;
    centres.forEach((x, i) =>
      centres.forEach((y, j) => {
        const isFinder = (i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0);
        if (!isFinder) {
          this.drawRings(x, y, 2, [1]);
        }
      }),
    );
  }

  // Level M (0) and the mask, with their check bits, twice; and the module that is always dark.
  drawFormat(mask: number): void {
    let rest = mask;
    for (let i = 0; i < 10; i++) {
      rest = (rest << 1) ^ ((rest >> 9) * 0x537);
    }
    const bits = ((mask << 10) | rest) ^ 0x5412;
    const bit = (i: number): boolean => ((bits >> i) & 1) === 1;
    for (let i = 0; i < 15; i++) {
      const near = i < 6 ? i : i < 8 ? i + 1 : i === 8 ? 7 : 14 - i;
      this.fix(i < 8 ? 8 : near, i < 8 ? near : 8, bit(i));
      this.fix(i < 8 ? this.size - 1 - i : 8, i < 8 ? 8 : this.size - 15 + i, bit(i));
    }
    this.fix(8, this.size - 8, true);
  }

  private drawVersion(): void {
    if (this.version < 7) {
      return;
    }
    let rest = this.version;
    for (let i = 0; i < 12; i++) {
      rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
    }
    const bits = (this.version << 12) | rest;
    for (let i = 0; i < 18; i++) {
      const far = this.size - 11 + (i % 3);
      const near = Math.floor(i / 3);
      this.fix(far, near, ((bits >> i) & 1) === 1);
      this.fix(near, far, ((bits >> i) & 1) === 1);
    }
  }

  // In pairs of columns from the right, up and down in turn, around what is fixed.
  drawData(bytes: number[]): void {
    let at = 0;
    let isUp = true;
    for (let right = this.size - 1; right > 0; right -= 2, isUp = !isUp) {
      right = right === 6 ? 5 : right;
      for (let step = 0; step < this.size; step++) {
        const y = isUp ? this.size - 1 - step : step;
        for (const x of [right, right - 1]) {
          if (!this.fixed[y * this.size + x] && at < bytes.length * 8) {
            this.dark[y * this.size + x] = (bytes[at >> 3]! >> (7 - (at & 7))) & 1;
            at++;
          }
        }
      }
    }
  }

  // Twice is as it was.
  applyMask(mask: number): void {
    const isFlipped = masks[mask]!;
    for (let y = 0; y < this.size; y++) {
      for (let x = 0; x < this.size; x++) {
        if (!this.fixed[y * this.size + x] && isFlipped(x, y)) {
          this.dark[y * this.size + x]! ^= 1;
        }
      }
    }
  }

  // How hard it is to read (7.8.3): the mask with the least is taken.
  penalty(): number {
    const at = (x: number, y: number): number => this.dark[y * this.size + x]!;
    let sum = 0;
    for (let i = 0; i < this.size; i++) {
      let row = '';
      let column = '';
      for (let j = 0; j < this.size; j++) {
        row += at(j, i);
        column += at(i, j);
        const isBlock =
          i > 0 &&
          j > 0 &&
          at(j, i) === at(j - 1, i) &&
          at(j, i) === at(j, i - 1) &&
          at(j, i) === at(j - 1, i - 1);
        sum += isBlock ? 3 : 0;
      }
      sum += linePenalty(row) + linePenalty(column);
    }
    const share = this.dark.reduce((count, one) => count + one, 0) / this.dark.length;
    return sum + 10 * Math.floor(Math.abs(share * 100 - 50) / 5);
  }
}

// Runs of five and more, and what looks like a finder.
function linePenalty(line: string): number {
  let sum = 0;
  for (const run of line.match(/0{5,}|1{5,}/g) ?? []) {
    sum += run.length - 2;
  }
  for (let i = 0; i + 11 <= line.length; i++) {
    const part = line.slice(i, i + 11);
    sum += part === '10111010000' || part === '00001011101' ? 40 : 0;
  }
  return sum;
}

export interface QrSquare {
  size: number;
  isDark: (x: number, y: number) => boolean;
}

// The smallest square that holds the text as UTF-8; undefined: it is too long.
export function makeQr(text: string): QrSquare | undefined {
  const bytes = new TextEncoder().encode(text);
  const place = versions.findIndex((_, i) => bytes.length <= capacity(i + 1));
  if (place < 0) {
    return undefined;
  }
  const square = new Square(place + 1);
  square.drawData(interleave(writeData(bytes, square.version), square.version));
  let best = 0;
  let least = Infinity;
  for (let mask = 0; mask < masks.length; mask++) {
    square.drawFormat(mask);
    square.applyMask(mask);
    const penalty = square.penalty();
    if (penalty < least) {
      best = mask;
      least = penalty;
    }
    square.applyMask(mask);
  }
  square.drawFormat(best);
  square.applyMask(best);
  return square;
}

// The frame number and the wall clock that the virtual camera burns into its pictures
// (lab/README.md): drawn for the mock, read back from a canvas in the browser.

export const columns = 40;
export const rows = 16;
export const firstBit = 4;
export const bits = 32;
export const numberRow = 1;
export const wallRow = 2;

// White or black for each column of a row, or undefined where the row has no block.
export function blocksOf(value) {
  const cells = new Array(columns).fill(undefined);
  let parity = 0;
  cells[firstBit - 2] = true;
  cells[firstBit - 1] = false;
  for (let i = 0; i < bits; i++) {
    const isSet = ((value >>> (bits - 1 - i)) & 1) === 1;
    cells[firstBit + i] = isSet;
    parity ^= isSet ? 1 : 0;
  }
  cells[firstBit + bits] = parity === 1;
  cells[firstBit + bits + 1] = false;
  cells[firstBit + bits + 2] = true;
  return cells;
}

// Runs inside the page: reads both rows of the picture that a video element shows now.
// Returns { number, wall_ms_mod } with undefined for a row that cannot be read.
export function readStampInPage(video) {
  const canvas = document.createElement('canvas');
  const width = video.videoWidth;
  const height = video.videoHeight;
  if (!width || !height) {
    return { number: undefined, wall_ms_mod: undefined };
  }
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(video, 0, 0, width, height);
  const readRow = (row) => {
    const y = Math.floor((height * (row + 0.5)) / 16);
    const cells = [];
    for (let column = 2; column < 39; column++) {
      const x = Math.floor((width * (column + 0.5)) / 40);
      const { data } = context.getImageData(x - 1, y - 1, 3, 3);
      let sum = 0;
      for (let i = 0; i < data.length; i += 4) {
        sum += (data[i] + data[i + 1] + data[i + 2]) / 3;
      }
      cells.push(sum / 9 > 128);
    }
    const value = cells.slice(2, 34);
    const parity = value.filter(Boolean).length % 2 === 1;
    if (!cells[0] || cells[1] || cells[34] !== parity || cells[35] || !cells[36]) {
      return undefined;
    }
    return value.reduce((all, bit) => all * 2 + (bit ? 1 : 0), 0);
  };
  return { number: readRow(1), wall_ms_mod: readRow(2) };
}

// The difference of two clocks that wrap at 32 bits of milliseconds, in milliseconds.
export function wallDifference(wall_ms_mod, unix_us) {
  const difference = (wall_ms_mod - Math.floor(unix_us / 1000)) | 0;
  return difference;
}

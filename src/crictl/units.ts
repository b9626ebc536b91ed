/** A duration as crictl's CREATED column has it: `3 minutes ago`. */
export function ago(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.round(ms / 3_600_000);
  const text =
    seconds < 1
      ? 'Less than a second'
      : seconds === 1
        ? '1 second'
        : seconds < 60
          ? `${seconds} seconds`
          : minutes === 1
            ? 'About a minute'
            : minutes < 60
              ? `${minutes} minutes`
              : hours === 1
                ? 'About an hour'
                : hours < 48
                  ? `${hours} hours`
                  : hours < 24 * 7 * 2
                    ? `${Math.floor(hours / 24)} days`
                    : hours < 24 * 30 * 2
                      ? `${Math.floor(hours / 24 / 7)} weeks`
                      : hours < 24 * 365 * 2
                        ? `${Math.floor(hours / 24 / 30)} months`
                        : `${Math.floor(hours / 24 / 365)} years`;
  return `${text} ago`;
}

/** Bytes in decimal units with at most `digits` significant digits: `27.1MB`. */
export function humanSize(bytes: number, digits = 3): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A Go duration (`1h30m`, `250ms`) in milliseconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (durationUnits[unit ?? ''] ?? 0),
    0,
  );
}

/** The first 13 characters of an ID, as crictl's columns show it. */
export const shortId = (id: string): string => id.replace(/^sha256:/, '').slice(0, 13);

/** What a container was made from, as crictl's column shows it: an ID is shortened, a name is not. */
export const shownImage = (image: string, truncate: boolean): string =>
  truncate && /^sha256:[0-9a-f]{64}$/.test(image) ? shortId(image) : image;

/** What differs between two runs, and what stands for it; the order matters: a time holds a version's digits. */
const variables: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?Z| ?[+-]\d\d:?\d\d)?( UTC)?/g, '<time>'],
  // klog's head: severity and date, time, process, file and line.
  [/^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ ([\w.-]+):\d+\]/g, '$1<time> $2]'],
  [/\b[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d\b/g, '<time>'],
  [/\b\d\d:\d\d:\d\d(\.\d+)?\b/g, '<time>'],
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<id>'],
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, '<token>'],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{10,64}\b/g, '<id>'],
  // Names that are generated: a ReplicaSet's pod, a DaemonSet's pod, a request.
  [/-(<id>|[bcdf-hj-np-tv-xz2-9]{8,10})-[bcdf-hj-np-tv-xz2-9]{5}\b/g, '-<hash>'],
  [/-[bcdf-hj-np-tv-xz2-9]{5}\b/g, '-<hash>'],
  [/\b(?!0\.0\.0\.0|127\.0\.0\.1)\d{1,3}(\.\d{1,3}){3}\b/g, '<ip>'],
  [/((?:<ip>|127\.0\.0\.1|localhost):)\d{5}\b/g, '$1<port>'],
  [/\bv?\d+\.\d+\.\d+[\w.+-]*(?=$|[\s"',)/:])(?<!\b(?:0\.0\.0\.0|127\.0\.0\.1))/g, '<version>'],
  [/(^|[\s(])\d+(\.\d+)?(d|h|m|s|ms|µs)(\d+(\.\d+)?(h|m|s))*(?=$|[\s),])/g, '$1<age>'],
  [/(Less than a second|About an? (minute|hour)|\d+ (seconds?|minutes?|hours?|days?)) ago/g, '<age> ago'],
  [/ResourceVersion:"\d+"/g, 'ResourceVersion:"<number>"'],
  [/\bsystem:bootstrap:[a-z0-9]{6}\b/g, 'system:bootstrap:<token>'],
  [/\b\d+(\.\d+)?(kB|MB|GB|KiB|MiB|GiB)\b/g, '<size>'],
];

/** A line without what differs between two runs: ages, times, hashes, addresses, versions, sizes, columns' widths. */
export function normaliseLine(line: string): string {
  // A shell may print its prompt anew when the window changes.
  let text = line
    .replace(/\s+/g, ' ')
    .replace(/^(\/ # )+/, '/ # ')
    .trimEnd();
  for (const [pattern, stand] of variables) text = text.replace(pattern, stand);
  return text;
}

/** Output as a reader sees it: no escape sequences, no carriage returns, no empty lines at its end. */
export function plainLines(output: string): readonly string[] {
  const begin = String.fromCharCode(27);
  const text = output.replaceAll('\r', '').replace(new RegExp(`${begin}\\[[0-9;?]*[A-Za-z]`, 'g'), '');
  const lines = text.split('\n').map((line) => line.trimEnd());
  while (lines.length > 0 && lines.at(-1) === '') lines.pop();
  return lines;
}

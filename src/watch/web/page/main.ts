import { renderMs } from '../../story/durations.ts';
import type { Step } from '../../story/step.ts';
import { addSteps, filterSteps, filterSubjects, type Subject } from './model.ts';
import { layOutTimeline, type Scope } from './timeline.ts';

/** The program of the page: it asks the server for steps, and shows them. All text is set as text, never as HTML. */

const byId = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
};
const filterBox = byId('filter') as HTMLInputElement;
const holdButton = byId('hold');
const connection = byId('connection');

let subjects: ReadonlyMap<string, Subject> = new Map();
/** What is shown while the page is held; undefined: what there is. */
let held: ReadonlyMap<string, Subject> | undefined;
let chosen: string | undefined;
let scope: Scope = 'start';
let frame = 0;

function element(name: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  made.textContent = text;
  return made;
}

function draw(): void {
  frame = 0;
  const shown = held ?? subjects;
  const words = filterBox.value.trim();
  const listed = filterSubjects(shown, words);
  chosen ??= listed.find(({ name }) => name.includes('/'))?.name;
  byId('pods').replaceChildren(...listed.map(podButton));
  const subject = chosen === undefined ? undefined : shown.get(chosen);
  byId('subject').textContent = subject === undefined ? 'Choose a pod' : `${subject.name} ${subject.phase ?? ''}`;
  byId('timeline').replaceChildren(...(subject === undefined ? [] : timelineOf(subject)));
  byId('steps').replaceChildren(...(subject === undefined ? [] : rowsOf(subject, words)));
}

function drawSoon(): void {
  if (frame === 0) frame = requestAnimationFrame(draw);
}

function podButton({ name, phase, steps }: Subject): HTMLElement {
  const button = element('button', '');
  button.setAttribute('aria-current', String(name === chosen));
  button.append(element('span', 'phase', phase ?? ''), element('span', 'name', name));
  const last = steps.at(-1);
  if (last !== undefined) button.append(element('span', 'last', `${last.stage}: ${last.text}`));
  button.addEventListener('click', () => {
    chosen = name;
    drawSoon();
  });
  return button;
}

function timelineOf({ steps }: Subject): readonly HTMLElement[] {
  const timeline = layOutTimeline(steps, scope);
  if (timeline === undefined) return [];
  const lanes = timeline.lanes.map(({ phase, bars }) => {
    const lane = element('div', 'lane');
    const track = element('div', 'track');
    for (const { left, width, ok, label } of bars) {
      const bar = element('div', ok ? 'bar' : 'bar failed');
      bar.dataset.phase = phase;
      bar.style.left = `${left * 100}%`;
      bar.style.width = `${width * 100}%`;
      bar.title = label;
      track.append(bar);
    }
    lane.append(element('span', '', phase === 'sandbox' ? 'sandbox*' : phase), track);
    return lane;
  });
  const axis = element('div', 'axis');
  axis.append(
    element('span', '', timeOf(timeline.from)),
    element('span', '', '* and network'),
    element('span', '', `+${renderMs(timeline.to - timeline.from)}`),
  );
  return [...lanes, axis];
}

function rowsOf(subject: Subject, words: string): readonly HTMLElement[] {
  const first = subject.steps[0]?.at ?? 0;
  return filterSteps(subject, words).map((step) => rowOf(step, first));
}

function rowOf({ at, stage, text, because }: Step, first: number): HTMLElement {
  const row = element('tr', '');
  row.dataset.stage = stage;
  const what = element('td', '', text);
  if (because) what.append(element('span', 'because', ` because ${because}`));
  row.append(
    element('td', '', timeOf(at)),
    element('td', '', `+${renderMs(at - first)}`),
    element('td', '', stage),
    what,
  );
  return row;
}

const timeOf = (at: number): string => {
  const date = new Date(at);
  return `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`;
};

function showConnection(state: 'live' | 'lost', text: string): void {
  connection.dataset.state = state;
  connection.textContent = text;
}

function listen(): void {
  const events = new EventSource('/events');
  events.addEventListener('steps', ({ data }: MessageEvent<string>) => {
    subjects = addSteps(subjects, JSON.parse(data) as Step[]);
    if (held === undefined) drawSoon();
  });
  events.addEventListener('nodes', ({ data }: MessageEvent<string>) => {
    const silent = JSON.parse(data) as { node: string; because: string }[];
    if (silent.length === 0) showConnection('live', 'live');
    else showConnection('lost', silent.map(({ node, because }) => `${node} does not answer: ${because}`).join('; '));
  });
  events.addEventListener('ended', ({ data }: MessageEvent<string>) => {
    events.close();
    showConnection('lost', JSON.parse(data) as string);
  });
  events.addEventListener('error', () => {
    if (events.readyState !== EventSource.CLOSED) showConnection('lost', 'klab watch does not answer');
  });
}

const scopeButtons = [...document.querySelectorAll<HTMLElement>('[data-scope]')];
for (const button of scopeButtons) {
  button.addEventListener('click', () => {
    scope = button.dataset.scope === 'all' ? 'all' : 'start';
    for (const each of scopeButtons) each.setAttribute('aria-pressed', String(each === button));
    drawSoon();
  });
}
filterBox.addEventListener('input', drawSoon);
holdButton.addEventListener('click', () => {
  held = held === undefined ? subjects : undefined;
  holdButton.setAttribute('aria-pressed', String(held !== undefined));
  holdButton.textContent = held === undefined ? 'Hold' : 'Go on';
  drawSoon();
});
const about = (await (await fetch('/about')).json()) as { api: string; nodes: string[]; pod?: string };
byId('about').textContent = `${about.pod ?? 'all pods'} on ${about.nodes.join(', ')} (${about.api})`;
listen();

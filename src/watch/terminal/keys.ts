/** How the user has arranged the screen. */
export interface View {
  /** What lines must contain. */
  readonly filter: string;
  /** The filter is being typed. */
  readonly editing: boolean;
  /** Steps from this serial on are held back; undefined: the view follows. */
  readonly heldFrom: number | undefined;
  /** Lines that the log is scrolled back. */
  readonly back: number;
  readonly done: boolean;
}

export const firstView: View = { filter: '', editing: false, heldFrom: undefined, back: 0, done: false };

/** A key as Node's readline names it. */
export interface Key {
  readonly name?: string | undefined;
  readonly sequence?: string | undefined;
  readonly ctrl?: boolean | undefined;
}

/**
 * What a key does to the view. Scrolling back holds the view, so that lines do not run away; the end lets it go.
 * @param told steps told so far
 * @param page lines of the log on the screen
 * @param most lines that the log can be scrolled back at most
 */
export function pressKey(
  view: View,
  key: Key,
  { told, page, most }: { told: number; page: number; most: number },
): View {
  if (key.ctrl === true && (key.name === 'c' || key.name === 'd')) return { ...view, done: true };
  if (view.editing) return typeFilter(view, key);
  const scroll = (lines: number): View => {
    const back = Math.max(0, Math.min(most, view.back + lines));
    return { ...view, back, heldFrom: view.heldFrom ?? told };
  };
  switch (key.name ?? key.sequence) {
    case 'q':
      return { ...view, done: true };
    case 'space':
      return view.heldFrom === undefined ? { ...view, heldFrom: told } : { ...view, heldFrom: undefined, back: 0 };
    case 'up':
    case 'k':
      return scroll(1);
    case 'down':
    case 'j':
      return scroll(-1);
    case 'pageup':
    case 'b':
      return scroll(page);
    case 'pagedown':
    case 'f':
      return scroll(-page);
    case 'home':
      return scroll(most);
    case 'end':
      return { ...view, heldFrom: undefined, back: 0 };
    case 'escape':
      return { ...view, filter: '', back: 0 };
    default:
      return key.sequence === '/' ? { ...view, editing: true } : view;
  }
}

function typeFilter(view: View, { name, sequence = '', ctrl }: Key): View {
  if (name === 'return' || name === 'enter') return { ...view, editing: false };
  if (name === 'escape') return { ...view, editing: false, filter: '' };
  if (name === 'backspace') return { ...view, filter: view.filter.slice(0, -1), back: 0 };
  if (ctrl === true && name === 'u') return { ...view, filter: '', back: 0 };
  if (ctrl === true || !/^\P{Cc}+$/u.test(sequence)) return view;
  return { ...view, filter: view.filter + sequence, back: 0 };
}

import { expect, test } from 'vitest';
import { quoteLikeGo } from './go-quote.ts';

test.each([
  ['plain', '"plain"'],
  ['say "hi" \\o/', '"say \\"hi\\" \\\\o/"'],
  ['a\tb\nc\x00\x7f', '"a\\tb\\nc\\x00\\x7f"'],
  ['grün 日本 😀', '"grün 日本 😀"'],
  ['\u200b\u{e0001}', '"\\u200b\\U000e0001"'],
])('%j', (text, quoted) => expect(quoteLikeGo(text)).toBe(quoted));

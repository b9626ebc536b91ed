import { parseAllDocuments } from 'yaml';

/**
 * The YAML documents of a text, each a text of its own: a merge patch may hold several, as in kind. A text with one
 * document, or with none, or that is no YAML, is left as it is.
 */
export function splitDocuments(text: string): readonly string[] {
  const documents = [...parseAllDocuments(text)];
  if (documents.length < 2 || documents.some((document) => document.errors.length > 0)) return [text];
  return documents
    .filter((document) => document.toJS() !== null)
    .map((document) => document.toString().replace(/^---\n/, ''));
}

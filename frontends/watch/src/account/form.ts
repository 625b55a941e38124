/** A form that says beside each field, and above its button, what is wrong. */
import { ApiProblem } from '../call';
import { element, type Child } from '../dom';
import { ACCOUNT_WORDS } from '../words';
import { problemWords } from './problem-words';

export interface Field {
  /** As the API calls it, so that what the API says of it finds its place. */
  readonly name: string;
  readonly label: string;
  readonly type: 'email' | 'password' | 'text';
  readonly autocomplete: AutoFill;
  readonly hint?: string;
  readonly isOptional?: boolean;
}

export type Values = Readonly<Record<string, string>>;

interface Row {
  readonly node: HTMLElement;
  readonly input: HTMLInputElement;
  blame(message: string): void;
}

/** Return the form; `submit` rejects with what the API said, and may replace the page when it is done. */
export function accountForm(fields: readonly Field[], button: string, submit: (values: Values) => Promise<void>): HTMLFormElement {
  const rows = new Map(fields.map((field) => [field.name, rowOf(field)]));
  const alert = element('p', { role: 'alert', tabindex: '-1', class: 'text-bad empty:hidden' });
  const send = element('button', { type: 'submit', class: 'button w-full' }, button);
  const nodes: Child[] = [...rows.values()].map(({ node }) => node);
  // Never sent by the browser itself; were it, passwords would not stand in the address.
  const form = element('form', { class: 'flex w-full flex-col gap-5', method: 'post', novalidate: '' }, ...nodes, alert, send);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (send.getAttribute('aria-disabled') === 'true') return;
    alert.textContent = '';
    for (const row of rows.values()) row.blame('');
    const missing = fields.filter(({ name, isOptional }) => isOptional !== true && rows.get(name)?.input.value.trim() === '');
    for (const { name, type } of missing) rows.get(name)?.blame(ACCOUNT_WORDS.missing[type]);
    if (missing.length > 0) return focusFirstWrong(form);
    // Not `disabled`, which would take the focus away from who pressed it with a key.
    send.setAttribute('aria-disabled', 'true');
    const values = Object.fromEntries([...rows].map(([name, { input }]) => [name, input.type === 'password' ? input.value : input.value.trim()]));
    void submit(values)
      .catch((error: unknown) => showProblem(error, rows, alert, form))
      .finally(() => send.removeAttribute('aria-disabled'));
  });
  return form;
}

function rowOf({ name, label, type, autocomplete, hint, isOptional }: Field): Row {
  const wrong = element('p', { id: `${name}-wrong`, class: 'text-sm text-bad empty:hidden' });
  const help = hint === undefined ? null : element('p', { id: `${name}-hint`, class: 'text-sm text-quiet' }, hint);
  const describedBy = help === null ? wrong.id : `${help.id} ${wrong.id}`;
  const input = element('input', { id: name, name, type, autocomplete, class: 'field', 'aria-describedby': describedBy });
  if (isOptional !== true) input.required = true;
  if (type === 'email') input.autocapitalize = 'none';
  const blame = (message: string): void => {
    wrong.textContent = message;
    input.setAttribute('aria-invalid', String(message !== ''));
  };
  const title = element('label', { for: name, class: 'font-semibold' }, label);
  return { node: element('div', { class: 'flex flex-col gap-1.5' }, title, input, help, wrong), input, blame };
}

function showProblem(error: unknown, rows: ReadonlyMap<string, Row>, alert: HTMLElement, form: HTMLFormElement): void {
  const blamed = error instanceof ApiProblem ? error.fields.filter(({ field }) => rows.has(field)) : [];
  for (const { field, message } of blamed) rows.get(field)?.blame(message.replace(/([^.!?])$/, '$1.'));
  if (blamed.length > 0) return focusFirstWrong(form);
  alert.textContent = problemWords(error);
}

function focusFirstWrong(form: HTMLFormElement): void {
  form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
}

/** The menu of captions under the picture. */
import { element } from '../dom';
import { WORDS } from '../words';
import type { Caption } from './engine';

export interface CaptionMenu {
  readonly node: HTMLElement;
  /** Offer these; hidden when there are none. What was chosen before is chosen again. */
  offer(captions: readonly Caption[]): void;
}

/** Return the menu; `onChoice` hears the viewer's choice, null for none. */
export function captionMenu(onChoice: (caption: Caption | null) => void): CaptionMenu {
  const off = element('option', { value: '' }, WORDS.captionsOff);
  const select = element('select', { class: 'field w-auto min-h-9 text-sm' }, off);
  const node = element('label', { class: 'flex items-center gap-2 text-sm text-quiet', hidden: '' }, WORDS.captions, select);
  let offered: readonly Caption[] = [];
  let wanted: string | null = null;
  select.addEventListener('change', () => {
    const chosen = offered.find(({ id }) => id === select.value) ?? null;
    wanted = chosen?.label ?? null;
    onChoice(chosen);
  });
  return {
    node,
    offer: (captions) => {
      offered = captions;
      select.replaceChildren(off, ...captions.map(({ id, label }) => element('option', { value: id }, label)));
      node.hidden = captions.length === 0;
      const again = captions.find(({ label }) => label === wanted);
      if (again === undefined) return;
      select.value = again.id;
      onChoice(again);
    },
  };
}

/** The quality menu under the picture. */
import { element } from '../dom';
import { WORDS } from '../words';
import type { Quality } from './engine';

export interface QualityMenu {
  readonly node: HTMLElement;
  /** Offer these; hidden when there is nothing to choose. */
  offer(qualities: readonly Quality[]): void;
  /** Name the quality on screen beside "Automatic". */
  show(quality: Quality): void;
}

/** Return the menu; `onChoice` hears the viewer's choice, null for automatic. */
export function qualityMenu(onChoice: (quality: Quality | null) => void): QualityMenu {
  const automatic = element('option', { value: '' }, WORDS.qualityAuto);
  const select = element('select', { class: 'field w-auto min-h-9 text-sm' }, automatic);
  const node = element('label', { class: 'flex items-center gap-2 text-sm text-quiet', hidden: '' }, WORDS.quality, select);
  let offered: readonly Quality[] = [];
  select.addEventListener('change', () => onChoice(offered.find(({ id }) => id === select.value) ?? null));
  return {
    node,
    offer: (qualities) => {
      offered = qualities;
      select.replaceChildren(automatic, ...qualities.map(({ id, label }) => element('option', { value: id }, label)));
      node.hidden = qualities.length < 2;
    },
    show: ({ label }) => {
      automatic.textContent = `${WORDS.qualityAuto} (${label})`;
    },
  };
}

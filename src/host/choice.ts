/** One thing to choose from a list. */
export interface Choice<T> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly icon?: string;
  /** Choices of one group stand under its name, one after the other. */
  readonly group?: string;
  /** Shown at the item's end. `asks`: it asks something else, so the list makes room meanwhile. */
  readonly buttons?: readonly { readonly id: string; readonly icon: string; readonly tooltip: string; readonly asks?: boolean }[];
  readonly value: T;
}

/** Choices under one heading. */
export interface TickGroup<T> {
  readonly heading: string;
  readonly isTicked: boolean;
  readonly choices: readonly Choice<T>[];
}

export interface TickExtras<T> {
  /** The user looks at this one. */
  readonly onActive?: (value: T) => void;
  /** A button of an item was pressed; what it gives back changes the item. */
  readonly onButton?: (value: T, button: string) => Promise<(Partial<Choice<T>> & { readonly isTicked?: boolean }) | undefined>;
  /** It was asked from another list, to which its arrow leads back. */
  readonly hasBack?: boolean;
}

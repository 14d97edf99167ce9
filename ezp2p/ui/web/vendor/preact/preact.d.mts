// Ours: the types of what we use of Preact.
export interface VNode { readonly type: unknown; readonly props: object }
export type Child = VNode | string | number | boolean | null | undefined | Child[];
export interface Ref<T> { current: T }
export function h(type: unknown, props: object | null, ...children: Child[]): VNode;
export function render(node: Child, parent: Element): void;

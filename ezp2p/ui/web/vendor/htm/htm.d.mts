// Ours: the types of what we use of htm.
declare const htm: {
  bind<V>(h: (type: unknown, props: object | null, ...children: never[]) => V):
    (strings: TemplateStringsArray, ...values: unknown[]) => V;
};
export default htm;

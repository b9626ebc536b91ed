import * as z from 'zod';

const configSchema = z.looseObject({ plugins: z.array(z.looseObject({ type: z.string() })) });

/** What calico-node replaces by a number when it writes the file: as it stands, the text is no JSON. */
const mtuPlaceholder = '__CNI_MTU__';
/** Stands for it while the text is read as JSON; no interface has such an MTU. */
const mtuStandIn = 987_654_321;

/**
 * The ConfigMap's `cni_network_config` with addresses of these families handed out. Undefined when it is not of the
 * known shape: then it is left as it is.
 */
export function withFamilies(
  text: string,
  { ipv4, ipv6 }: { readonly ipv4: boolean; readonly ipv6: boolean },
): string | undefined {
  const config = parseTemplate(text);
  const [first, ...others] = config?.plugins ?? [];
  if (config === undefined || first?.type !== 'calico') return undefined;
  const ipam = { ...Object(first.ipam), assign_ipv4: String(ipv4), assign_ipv6: String(ipv6) };
  const changed = { ...config, plugins: [{ ...first, ipam }, ...others] };
  return JSON.stringify(changed, undefined, 2).replaceAll(String(mtuStandIn), mtuPlaceholder);
}

/** The text as JSON, its members in the order they were written. */
function parseTemplate(text: string): z.infer<typeof configSchema> | undefined {
  try {
    const raw: unknown = JSON.parse(text.replaceAll(mtuPlaceholder, String(mtuStandIn)));
    return configSchema.safeParse(raw).success ? Object(raw) : undefined;
  } catch {
    return undefined;
  }
}

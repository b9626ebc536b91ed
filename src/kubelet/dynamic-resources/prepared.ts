/** A device that a driver has made ready for a claim. */
export interface PreparedDevice {
  readonly pool: string;
  readonly device: string;
  readonly shareId: string | undefined;
  /** Of the claim; none: of all. */
  readonly requests: readonly string[];
  /** Names by which the runtime knows how to add the device to a container. https://github.com/cncf-tags/container-device-interface */
  readonly cdiIds: readonly string[];
}

/** A claim that some pod of the node uses. */
export interface ClaimInUse {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** The pods that use it. */
  readonly podUids: ReadonlySet<string>;
  /** Driver → what it answered. */
  readonly drivers: ReadonlyMap<string, readonly PreparedDevice[]>;
}

export const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

const isOf = (device: PreparedDevice, request: string | undefined): boolean =>
  request === undefined || device.requests.length === 0 || device.requests.includes(request);

/** The devices of a claim, or of one of its requests. */
export const devicesOf = (
  { drivers }: ClaimInUse,
  request?: string,
): readonly (PreparedDevice & { readonly driver: string })[] =>
  [...drivers].flatMap(([driver, devices]) =>
    devices.filter((device) => isOf(device, request)).map((device) => ({ ...device, driver })),
  );

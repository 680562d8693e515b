/**
 * Lets this process take its software GPU for hardware. Tasks get it by
 * `--preload`.
 */
Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", {
  value: false,
  configurable: true,
});

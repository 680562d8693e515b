/**
 * The noise of Vulkan drivers, which is kept from the user.
 *
 * @module
 */

const VARIABLE = "XDG_RUNTIME_DIR";

/**
 * Keeps Vulkan drivers from printing an error that is none, wherever the task
 * may set the variable that it is about. They look for a Wayland display, and
 * libwayland's `connect_to_socket` complains if XDG_RUNTIME_DIR is not an
 * absolute path, as in a container or under cron. In "/" there is no display,
 * and nobody but root can put one there.
 */
export function quietVulkan(): void {
  if (Deno.build.os !== "linux") return;
  const { state } = Deno.permissions.querySync({
    name: "env",
    variable: VARIABLE,
  });
  if (state !== "granted") return;
  if (!Deno.env.get(VARIABLE)?.startsWith("/")) Deno.env.set(VARIABLE, "/");
}

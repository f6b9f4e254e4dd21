// @ts-check
/** Keys that make a write happen once, however often it has to be sent. */

/** A new key: 128 random bits. `crypto.randomUUID` is not there without HTTPS on other machines. */
export const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

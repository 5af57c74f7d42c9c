import { answeredProblem, networkProblem } from "./problem.js";
import { inSession } from "./session.js";

// No byte goes out, or no answer comes, for so long: the connection is as good as lost.
const SILENCE_MILLISECONDS = 120_000;

/**
 * Send one upload. XMLHttpRequest, because fetch does not tell how far an upload has come.
 *
 * @param {{blob: Blob, contentType: string}} body
 * @param {{key: string, signal: AbortSignal, onProgress: (sentBytes: number) => void}} options
 *   `key`: the Idempotency-Key; `onProgress` gets the bytes of the body that went out
 * @returns {Promise<object>} the receipt
 * @throws {Problem} and the signal's reason once it was aborted
 */
export async function sendUpload(body, options) {
  options.signal.throwIfAborted();
  return inSession((token) => send(body, token, options), options.signal);
}

function send({ blob, contentType }, token, { key, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const exchange = new XMLHttpRequest();
    let silence;
    const end = (settle) => {
      clearTimeout(silence);
      signal.removeEventListener("abort", aborted);
      settle();
    };
    const aborted = () =>
      end(() => {
        exchange.abort();
        reject(signal.reason);
      });
    const lost = () =>
      end(() => {
        exchange.abort();
        reject(networkProblem());
      });
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(lost, SILENCE_MILLISECONDS);
    };
    exchange.upload.addEventListener("progress", ({ loaded }) => {
      alive();
      onProgress(loaded);
    });
    exchange.addEventListener("error", lost);
    exchange.addEventListener("load", () =>
      end(() => {
        const { status, responseText } = exchange;
        const receipt = status === 202 ? parsed(responseText) : null;
        if (Array.isArray(receipt?.accepted) && Array.isArray(receipt.rejected)) {
          resolve(receipt);
        } else {
          reject(answeredProblem(status, responseText, exchange.getResponseHeader("Retry-After")));
        }
      }),
    );
    exchange.open("POST", "/api/upload/");
    exchange.setRequestHeader("Accept", "application/json");
    exchange.setRequestHeader("Content-Type", contentType);
    exchange.setRequestHeader("Idempotency-Key", key);
    exchange.setRequestHeader("X-CSRFToken", token);
    signal.addEventListener("abort", aborted);
    alive();
    exchange.send(blob);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

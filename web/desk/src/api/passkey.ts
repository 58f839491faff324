// Passkeys: the console's JSON to what browsers take, and back. Browsers that know the JSON do it themselves.
import { Refused } from "./client";

type CreationJson = PublicKeyCredentialCreationOptionsJSON;
type RequestJson = PublicKeyCredentialRequestOptionsJSON;

/** Makes a passkey and answers a `RegistrationResponseJSON`. */
export async function makePasskey(options: CreationJson): Promise<unknown> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON?.(options) ?? creation(options);
  return asJson(await asked(() => navigator.credentials.create({ publicKey })));
}

/** Shows a passkey and answers an `AuthenticationResponseJSON`. */
export async function showPasskey(options: RequestJson): Promise<unknown> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON?.(options) ?? request(options);
  return asJson(await asked(() => navigator.credentials.get({ publicKey })));
}

async function asked(how: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  if (!("PublicKeyCredential" in window)) throw new Refused(0, "no-passkeys", "This browser has no passkeys: use a newer one, or trefoil moderate on the command line.");
  try {
    const credential = await how();
    if (credential instanceof PublicKeyCredential) return credential;
  } catch (error) {
    const why = error instanceof DOMException ? error.name : "";
    if (why === "InvalidStateError") throw new Refused(0, "has-passkey", "This device has a passkey of this desk already: sign in with it.");
    if (why === "SecurityError") throw new Refused(0, "wrong-place", "Passkeys are bound to this desk's own address: open it there.");
  }
  throw new Refused(0, "no-passkey", "No passkey was shown. Try again, and choose the one of this desk; without one, ask a lead for an invitation.");
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));

function text(of: ArrayBuffer): string {
  const plain = Array.from(new Uint8Array(of), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function creation({ challenge, user, excludeCredentials = [], ...rest }: CreationJson): PublicKeyCredentialCreationOptions {
  const known = excludeCredentials.map(({ id }) => ({ type: "public-key" as const, id: bytes(id) }));
  return { ...rest, challenge: bytes(challenge), user: { ...user, id: bytes(user.id) }, excludeCredentials: known } as PublicKeyCredentialCreationOptions;
}

function request({ challenge, allowCredentials = [], ...rest }: RequestJson): PublicKeyCredentialRequestOptions {
  const allowed = allowCredentials.map(({ id }) => ({ type: "public-key" as const, id: bytes(id) }));
  return { ...rest, challenge: bytes(challenge), allowCredentials: allowed } as PublicKeyCredentialRequestOptions;
}

/** What `toJSON` gives, where a browser has it not: only what the console looks at. */
export function asJson(credential: PublicKeyCredential): unknown {
  if (typeof credential.toJSON === "function") return credential.toJSON();
  const { response } = credential;
  const answer: Record<string, unknown> = { clientDataJSON: text(response.clientDataJSON) };
  if (response instanceof AuthenticatorAttestationResponse) {
    answer["attestationObject"] = text(response.attestationObject);
    answer["transports"] = response.getTransports?.() ?? [];
  } else if (response instanceof AuthenticatorAssertionResponse) {
    answer["authenticatorData"] = text(response.authenticatorData);
    answer["signature"] = text(response.signature);
    if (response.userHandle) answer["userHandle"] = text(response.userHandle);
  }
  const id = text(credential.rawId);
  return { id, rawId: id, type: credential.type, response: answer, clientExtensionResults: credential.getClientExtensionResults() };
}

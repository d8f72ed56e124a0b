// SPDX-FileCopyrightText: 2026 The Videoguide engineers
// SPDX-License-Identifier: EUPL-1.2

// An identity provider made of the npm package oidc-provider, for one client and one person, who agrees to everything.
// Its arguments: the package's folder, and a JSON object with port, client (metadata), claims and level.

import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [, , folder, given] = process.argv;
const { port, client, claims, level } = JSON.parse(given);
const { Provider } = await import(pathToFileURL(`${folder}/node_modules/oidc-provider/lib/index.js`));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client],
  claims: { openid: ["sub", ...Object.keys(claims)] },
  acrValues: [level],
  // the attributes at the second address only
  findAccount: (_, id) => ({
    accountId: id,
    claims: (use) => (use === "userinfo" ? { sub: id, ...claims } : { sub: id }),
  }),
  features: {
    claimsParameter: { enabled: true },
    devInteractions: { enabled: false },
    encryption: { enabled: true },
    jwtUserinfo: { enabled: true },
  },
  enabledJWA: { userinfoEncryptionAlgValues: ["RSA-OAEP-256"] },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
});
const answer = provider.callback();

async function agree(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: "giulia", clientId: params.client_id });
  grant.addOIDCScope("openid");
  grant.addOIDCClaims(["acr", ...Object.keys(claims)]);
  const result = { login: { accountId: "giulia", acr: level }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

createServer((request, response) =>
  request.url.startsWith("/interaction/") ? agree(request, response) : answer(request, response),
).listen(port, "127.0.0.1", () => console.log("ready"));

"use strict";

// What is tried out here needs the token of the visitor's session, as on every page.
function withToken(request) {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  if (token) {
    request.headers["X-CSRFToken"] = decodeURIComponent(token[1]);
  }
  return request;
}

// The answer is read, though only its cookie counts: else its connection would stay taken.
fetch("/api/csrf").then((answer) => answer.text()).finally(() => {
  SwaggerUIBundle({
    url: "/api/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    requestInterceptor: withToken,
    validatorUrl: null,
  });
});

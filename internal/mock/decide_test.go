package mock_test

import (
	"net/http"
	"strings"
	"testing"
)

const contracts = `
openapi: 3.0.3
info: { title: Contracts, version: "1" }
paths:
  /contracts/{contractId}: { get: { responses: { "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Contract" } } } } } } }
  /inline/{contractId}: { get: { responses: { "200": { description: ok, content: { application/json: { schema: { type: object, properties: { id: { type: string } } } } } } } } }
  /part/{contract_id}: { get: { responses: { "200": { description: ok, content: { application/json: { schema: { allOf: [{ $ref: "#/components/schemas/Contract" }] } } } } } } }
  /keys/{contractKey}: { get: { responses: { "200": { description: ok, content: { application/json: { schema: { type: object, properties: { uuid: { type: string } } } } } } } } }
  /numbers/{numberId}: { get: { responses: { "200": { description: ok, content: { application/json: { schema: { type: object, properties: { id: { type: integer } } } } } } } } }
  /wrapped/{contractId}: { get: { responses: { "200": { description: ok, content: { application/json: { schema: { type: object, properties: { data: { $ref: "#/components/schemas/Contract" }, included: { type: array, items: { $ref: "#/components/schemas/Party" } } } } } } } } } }
  /contracts/{contractId}/sign: { post: { responses: { "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/ContractResponse" } } } } } } }
  /contracts/{contractId}/party: { get: { responses: { "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Party" } } } } } } }
  /contracts/{contractId}/parties: { get: { responses: { "200": { description: ok, content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Party" } } } } } } } }
  /contracts/{contractId}/parties/{partyId}: { get: { responses: { "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Party" } } } } } } }
  /wrapped: { post: { responses: { "201": { description: ok, content: { application/json: { schema: { type: object, properties: { contract: { $ref: "#/components/schemas/Contract" } } } } } } } } }
components:
  schemas:
    Contract: { type: object, properties: { id: { type: string }, name: { type: string } } }
    ContractResponse: { type: object, properties: { id: { type: string } } }
    Party: { type: object, properties: { id: { type: string }, contractId: { type: string } } }
`

// The parameter of a path that is named as the key of an object is its key.
func TestKeysInPaths(t *testing.T) {
	url := service(t, contracts, 1)
	for _, c := range []struct{ method, path, body, want string }{
		{http.MethodGet, "/contracts/c1", "", `{"id":"c1","name":`},
		{http.MethodGet, "/inline/c1", "", `{"id":"c1"}`},
		{http.MethodGet, "/part/c1", "", `{"id":"c1","name":`},
		{http.MethodGet, "/keys/c1", "", `{"uuid":"c1"}`},
		{http.MethodGet, "/numbers/7", "", `{"id":7}`},
		{http.MethodGet, "/numbers/c1", "", `{"id":1}`},
		{http.MethodGet, "/wrapped/c1", "", `{"data":{"id":"c1"`},
		{http.MethodPost, "/contracts/c1/sign", "", `{"id":"c1"}`},
		{http.MethodGet, "/contracts/c1/party", "", `{"contractId":"c1","id":"1"}`},
		{http.MethodGet, "/contracts/c1/parties", "", `[{"contractId":"c1","id":"1"},{"contractId":"c1","id":"2"}`},
		{http.MethodGet, "/contracts/c1/parties/p1", "", `{"contractId":"c1","id":"p1"}`},
		{http.MethodPost, "/wrapped", `{"name": "x"}`, `{"contract":{"id":"1","name":"x"}}`},
	} {
		if _, text := call(t, c.method, url+c.path, c.body); !strings.HasPrefix(text, c.want) {
			t.Errorf("%s %s: %s; want %s", c.method, c.path, text, c.want)
		}
	}
}

package queue

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"parallax/internal/lab/loopback"
)

// Serve opens the service's endpoint on a free port of 127.0.0.1; stop closes it and its connections.
func (q *Queue) Serve() (url string, stop func(), err error) { return loopback.Serve(q) }

// ServeHTTP answers a request in the JSON protocol.
func (q *Queue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const limit = 2 << 20
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		q.send(w, nil, &Fault{Code: "InvalidParameterValue", Message: err.Error()}, nil)
		return
	}
	op, _ := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	q.mu.Lock()
	decide := q.fault
	q.mu.Unlock()
	var fault *Fault
	if decide != nil {
		fault = decide(op, string(body))
	}
	if fault != nil && !loopback.Delay(r, fault.Delay) {
		return
	}
	if fault != nil && fault.Code != "" {
		q.send(w, nil, fault, fault)
		return
	}
	out, refused := q.answer(r, op, body)
	q.send(w, out, refused, fault)
}

func (q *Queue) answer(r *http.Request, op string, body []byte) (any, *Fault) {
	if !strings.Contains(r.Header.Get("Authorization"), "/"+q.options.Region+"/sqs/") {
		return nil, &Fault{Code: "SignatureDoesNotMatch", Status: http.StatusForbidden, Message: "Credential should be scoped to a valid region."}
	}
	run, ok := operations[op]
	if !ok {
		return nil, &Fault{Code: "InvalidAction", Message: "The action is not valid for this endpoint."}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return run(q, body)
}

// send writes an answer or a refusal, or spoils it as the fault asks.
func (q *Queue) send(w http.ResponseWriter, out any, refused, spoil *Fault) {
	status, header := http.StatusOK, w.Header()
	if refused != nil {
		status = refused.status()
		kind := refused.Type
		if kind == "" {
			kind = "com.amazonaws.sqs#" + refused.Code
		}
		header.Set("X-Amzn-Query-Error", refused.Code+";Sender")
		out = map[string]string{"__type": kind, "message": refused.Message}
	}
	body, err := json.Marshal(out)
	if err != nil {
		http.Error(w, "encode answer", http.StatusInternalServerError)
		return
	}
	if spoil != nil && spoil.Body != "" {
		body = []byte(spoil.Body)
	}
	q.mu.Lock()
	date := q.now.UTC().Format(http.TimeFormat)
	q.mu.Unlock()
	header.Set("Content-Type", "application/x-amz-json-1.0")
	header.Set("Date", date)
	loopback.Answer(w, status, body, spoil != nil && spoil.Cut)
}

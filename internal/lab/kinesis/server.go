package kinesis

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"parallax/internal/lab/loopback"
)

// FaultFunc decides about a request before it is answered: op is the name of the operation ("GetRecords"), body what it
// asks. Nil lets it through. It is called from many goroutines, with no lock held.
type FaultFunc func(op, body string) *Fault

// Fault spoils the answer to a request.
type Fault struct {
	Type    string        // "ProvisionedThroughputExceededException", "AccessDeniedException", ...
	Status  int           // HTTP status; 400 where 0
	Message string        // of the error
	Cut     bool          // the request is carried out, and the connection ends half-way through the answer
	Body    string        // sent instead of the answer, as it is
	Delay   time.Duration // before anything is done
}

// refusedError is an error answer of an operation.
type refusedError struct{ Fault }

func (e *refusedError) Error() string { return e.Type + ": " + e.Message }

// Fault sets what decides about requests; nil lets all through.
func (s *Stream) Fault(f FaultFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Serve opens the endpoint of both services on a free port of 127.0.0.1; stop closes it and its connections.
func (s *Stream) Serve() (url string, stop func(), err error) { return loopback.Serve(s) }

// ServeHTTP answers a request in the JSON protocol of either service.
func (s *Stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const limit = 1 << 20
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		s.send(w, &refuse("SerializationException", "%v", err).Fault, nil)
		return
	}
	target := r.Header.Get("X-Amz-Target")
	_, op, _ := strings.Cut(target, ".")
	s.mu.Lock()
	decide := s.fault
	s.mu.Unlock()
	var fault *Fault
	if decide != nil {
		fault = decide(op, string(body))
	}
	if fault != nil && !loopback.Delay(r, fault.Delay) {
		return
	}
	if fault != nil && fault.Type != "" {
		s.send(w, fault, fault)
		return
	}
	s.send(w, s.answer(r, target, body), fault)
}

func (s *Stream) answer(r *http.Request, target string, body []byte) any {
	if !strings.Contains(r.Header.Get("Authorization"), "/"+s.options.Region+"/") {
		return &refuse("InvalidSignatureException", "Credential should be scoped to a valid region.").Fault
	}
	run, ok := operations[target]
	if !ok {
		return &refuse("UnknownOperationException", "").Fault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out, err := run(s, body)
	var refused *refusedError
	switch {
	case errors.As(err, &refused):
		return &refused.Fault
	case err != nil:
		return &Fault{Type: "InternalFailure", Status: http.StatusInternalServerError, Message: err.Error()}
	}
	return out
}

// send writes an answer, or spoils it as the fault asks.
func (s *Stream) send(w http.ResponseWriter, out any, spoil *Fault) {
	status := http.StatusOK
	if f, ok := out.(*Fault); ok {
		if status = f.Status; status == 0 {
			status = http.StatusBadRequest
		}
		out = map[string]string{"__type": f.Type, "message": f.Message}
	}
	body, err := json.Marshal(out)
	if err != nil {
		http.Error(w, "encode answer", http.StatusInternalServerError)
		return
	}
	if spoil != nil && spoil.Body != "" {
		body = []byte(spoil.Body)
	}
	header := w.Header()
	header.Set("Content-Type", "application/x-amz-json-1.1")
	header.Set("Date", s.Now().UTC().Format(http.TimeFormat))
	loopback.Answer(w, status, body, spoil != nil && spoil.Cut)
}

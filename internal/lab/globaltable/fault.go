package globaltable

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// tableNamespace is before the name of the errors that the two services model.
const tableNamespace = "com.amazonaws.dynamodb.v20120810#"

// FaultFunc decides about a request before it is answered: op is the name of the operation ("GetRecords"), the body of r
// can be read. Nil lets it through. It is called from many goroutines, with no lock held.
type FaultFunc func(region, op string, r *http.Request) *Fault

// Fault spoils the answer to a request. With Type or Status nothing is done and an error is the answer; with Cut or
// BadCRC alone the request is carried out and its answer spoiled.
type Fault struct {
	Status  int           // HTTP status; by the type where 0
	Type    string        // "ExpiredIteratorException", "ThrottlingException", "AccessDeniedException", ...
	Message string        // of the error
	Cut     bool          // the connection ends half-way through the body
	BadCRC  bool          // X-Amz-Crc32 does not fit the body
	Delay   time.Duration // before anything is done
}

// Fault sets what decides about requests; nil lets all through.
func (c *Cluster) Fault(f FaultFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = f
}

func (c *Cluster) decide(region, target string, r *http.Request, body []byte) Fault {
	c.mu.Lock()
	f := c.fault
	c.mu.Unlock()
	if f == nil {
		return Fault{}
	}
	_, op, _ := strings.Cut(target, ".")
	r.Body = io.NopCloser(bytes.NewReader(body))
	if fault := f(region, op, r); fault != nil {
		return *fault
	}
	return Fault{}
}

// failure is the error answer a fault asks for, if it does.
func (f Fault) failure() *failure {
	if f.Status == 0 && f.Type == "" {
		return nil
	}
	out := &failure{f.Status, f.Type, f.Message}
	if out.kind == "" {
		out.kind = "InternalServerError"
	}
	if out.status == 0 {
		out.status = http.StatusBadRequest
		if out.kind == "InternalServerError" {
			out.status = http.StatusInternalServerError
		}
	}
	if !strings.Contains(out.kind, "#") {
		out.kind = namespaceOf(out.kind) + out.kind
	}
	return out
}

// namespaceOf is what the service puts before an error's name: errors of the framework have their own.
func namespaceOf(name string) string {
	switch name {
	case "AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException":
		return "com.amazon.coral.service#"
	case "ThrottlingException":
		return "com.amazon.coral.availability#"
	case "ValidationException":
		return "com.amazon.coral.validate#"
	}
	return tableNamespace
}

// failure is an error answer of the protocol.
type failure struct {
	status        int
	kind, message string
}

func (f *failure) Error() string { return f.kind + ": " + f.message }

func (f *failure) body() any {
	return map[string]string{"__type": f.kind, "message": f.message}
}

func validation(format string, args ...any) *failure {
	return &failure{http.StatusBadRequest, "com.amazon.coral.validate#ValidationException", fmt.Sprintf(format, args...)}
}

func serialization(format string, args ...any) *failure {
	return &failure{http.StatusBadRequest, "com.amazon.coral.service#SerializationException", fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) *failure {
	return &failure{http.StatusBadRequest, tableNamespace + "ResourceNotFoundException", fmt.Sprintf(format, args...)}
}

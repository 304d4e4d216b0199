package health

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"parallax/internal/lab/loopback"
)

// getMetricData is where Smithy RPC v2 puts the operation of CloudWatch's service.
const getMetricData = "/service/GraniteServiceVersion20100801/operation/GetMetricData"

// failure is an error answer.
type failure struct {
	status        int
	code, message string
}

// Handler answers the requests of both services.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+getMetricData, func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, "GetMetricData", s.metricData, s.refuseCBOR, s.writeCBOR)
	})
	mux.HandleFunc("GET /2013-04-01/healthcheck/{id}/status", func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, "GetHealthCheckStatus", s.status, s.refuseXML, s.writeXML)
	})
	mux.HandleFunc("GET /2013-04-01/healthcheck/{id}/lastfailurereason", func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, "GetHealthCheckLastFailureReason", s.lastFailures, s.refuseXML, s.writeXML)
	})
	return mux
}

// serve counts a request, applies the fault hook, and answers.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, action string, answer func(*http.Request) ([]byte, *failure),
	refuse func(http.ResponseWriter, failure), write func(http.ResponseWriter, int, []byte),
) {
	s.mu.Lock()
	s.calls[action]++
	nth, decide := s.calls[action], s.fault
	s.mu.Unlock()
	if decide != nil {
		fault := decide(action, nth)
		if !loopback.Delay(r, fault.Delay) {
			return
		}
		if fault.Status != 0 {
			refuse(w, failure{fault.Status, fault.Code, fault.Message})
			return
		}
	}
	body, refused := answer(r)
	if refused != nil {
		refuse(w, *refused)
		return
	}
	write(w, http.StatusOK, body)
}

// distance is how long an answer takes at least: over loopback one can overtake the end of its own request inside the
// client's transport, which then drops the connection.
const distance = 2 * time.Millisecond

func (s *Server) write(w http.ResponseWriter, status int, kind string, body []byte) {
	time.Sleep(distance)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Date", s.options.Clock().UTC().Format(http.TimeFormat))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone if this fails
}

func (s *Server) writeCBOR(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	s.write(w, status, "application/cbor", body)
}

func (s *Server) writeXML(w http.ResponseWriter, status int, body []byte) {
	s.write(w, status, "text/xml", append([]byte(xml.Header), body...))
}

// refuseCBOR names the error in the body, and once more as the older protocol spelled it.
func (s *Server) refuseCBOR(w http.ResponseWriter, f failure) {
	kind := "Sender"
	if f.status >= http.StatusInternalServerError {
		kind = "Receiver"
	}
	w.Header().Set("X-Amzn-Query-Error", f.code+";"+kind)
	s.writeCBOR(w, f.status, cbor.Encode(cbor.Map{
		"__type": cbor.String("com.amazonaws.cloudwatch#" + f.code), "message": cbor.String(f.message),
	}))
}

func (s *Server) refuseXML(w http.ResponseWriter, f failure) {
	answer := struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Namespace string   `xml:"xmlns,attr"`
		Kind      string   `xml:"Error>Type"`
		Code      string   `xml:"Error>Code"`
		Message   string   `xml:"Error>Message"`
		ID        string   `xml:"RequestId"`
	}{Namespace: namespace, Kind: "Sender", Code: f.code, Message: f.message, ID: "00000000-0000-0000-0000-000000000000"}
	body, err := xml.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.writeXML(w, f.status, body)
}

// bodyOf reads a request's CBOR document.
func bodyOf(r *http.Request) (cbor.Map, *failure) {
	malformed := &failure{http.StatusBadRequest, "SerializationException", "the body is not a CBOR document"}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/cbor") {
		return nil, malformed
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, malformed
	}
	value, err := cbor.Decode(raw)
	if err != nil {
		return nil, malformed
	}
	body, ok := value.(cbor.Map)
	if !ok {
		return nil, malformed
	}
	return body, nil
}

package rdsapi

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"parallax/internal/lab/loopback"
)

// namespace of every answer: Amazon RDS API reference, "Making API requests".
const namespace = "http://rds.amazonaws.com/doc/2014-10-31/"

// failure is an error answer of the Query protocol.
type failure struct {
	status        int
	code, message string
}

// Handler answers the requests of one region.
func (s *Server) Handler(region string) http.Handler {
	actions := map[string]func(region string, form url.Values) (any, *failure){
		"DescribeGlobalClusters":     s.describeGlobalClusters,
		"DescribeDBClusters":         s.describeClusters,
		"DescribeDBClusterSnapshots": s.describeSnapshots,
		"DescribeEvents":             s.describeEvents,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if err := r.ParseForm(); err != nil {
			s.refuse(w, failure{http.StatusBadRequest, "MalformedQueryString", "the body is not a form"})
			return
		}
		action := r.Form.Get("Action")
		if !s.admit(w, r, region, action) {
			return
		}
		answer, ok := actions[action]
		if !ok {
			s.refuse(w, failure{http.StatusBadRequest, "InvalidAction", "no action " + strconv.Quote(action)})
			return
		}
		result, refused := answer(region, r.Form)
		if refused != nil {
			s.refuse(w, *refused)
			return
		}
		s.write(w, http.StatusOK, envelope{
			XMLName: xml.Name{Local: action + "Response"}, Namespace: namespace,
			Result: element{xml.Name{Local: action + "Result"}, result},
			ID:     responseMetadata{"00000000-0000-0000-0000-000000000000"},
		})
	})
}

// admit counts the request and applies the fault hook; it reports whether the request may be answered.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, region, action string) bool {
	s.mu.Lock()
	s.calls[region+" "+action]++
	nth, decide := s.calls[region+" "+action], s.fault
	s.mu.Unlock()
	if decide == nil {
		return true
	}
	fault := decide(region, action, nth)
	if !loopback.Delay(r, fault.Delay) {
		return false
	}
	if fault.Status == 0 {
		return true
	}
	s.refuse(w, failure{fault.Status, fault.Code, fault.Message})
	return false
}

func (s *Server) refuse(w http.ResponseWriter, f failure) {
	kind := "Sender"
	if f.status >= http.StatusInternalServerError {
		kind = "Receiver"
	}
	s.write(w, f.status, errorAnswer{
		Namespace: namespace, Kind: kind, Code: f.code, Message: f.message, ID: "00000000-0000-0000-0000-000000000000",
	})
}

// distance is how long an answer takes at least. Over a network it does so by itself; over loopback an answer can overtake
// the end of its own request inside the client's transport, which then drops the connection with the answer half read
// ("use of closed network connection": seen with the SDK about once in a hundred requests, and never with this pause).
const distance = 2 * time.Millisecond

// write dates the answer by the lab's clock, as a client may take the service's present from it.
func (s *Server) write(w http.ResponseWriter, status int, answer any) {
	time.Sleep(distance)
	body, err := xml.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("Date", s.options.Clock().UTC().Format(http.TimeFormat))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone if this fails
}

type envelope struct {
	XMLName   xml.Name
	Namespace string `xml:"xmlns,attr"`
	Result    element
	ID        responseMetadata `xml:"ResponseMetadata"`
}

type element struct {
	XMLName xml.Name
	Content any
}

type responseMetadata struct {
	RequestID string `xml:"RequestId"`
}

type errorAnswer struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Namespace string   `xml:"xmlns,attr"`
	Kind      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	ID        string   `xml:"RequestId"`
}

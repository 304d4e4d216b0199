package health

import (
	"encoding/xml"
	"net/http"
	"time"
)

// namespace is that of Route 53's documents.
const namespace = "https://route53.amazonaws.com/doc/2013-04-01/"

// checkerPlaces are where three of the checkers stand, with addresses that are reserved for documentation.
var checkerPlaces = [][2]string{{"eu-west-1", "192.0.2.1"}, {"us-east-1", "192.0.2.2"}, {"ap-southeast-2", "192.0.2.3"}}

type observations struct {
	XMLName      xml.Name
	Namespace    string        `xml:"xmlns,attr"`
	Observations []observation `xml:"HealthCheckObservations>HealthCheckObservation"`
}

type observation struct {
	Region  string `xml:"Region"`
	Address string `xml:"IPAddress"`
	Status  string `xml:"StatusReport>Status"`
	Checked string `xml:"StatusReport>CheckedTime"`
}

// status tells what each checker sees at present.
func (s *Server) status(r *http.Request) ([]byte, *failure) {
	return s.observe(r, "GetHealthCheckStatusResponse", func(c *check, now time.Time) (string, time.Time, bool) {
		if c.at(now) {
			return "Success: HTTP Status Code 200, OK", now, true
		}
		return c.reason, now, true
	})
}

// lastFailures tells when each checker saw a failure last; those that never did are not listed.
func (s *Server) lastFailures(r *http.Request) ([]byte, *failure) {
	return s.observe(r, "GetHealthCheckLastFailureReasonResponse", func(c *check, now time.Time) (string, time.Time, bool) {
		at, failed := c.lastFailure(now)
		return c.reason, at, failed
	})
}

func (s *Server) observe(r *http.Request, document string, tell func(*check, time.Time) (string, time.Time, bool)) ([]byte, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.checks[r.PathValue("id")]
	switch {
	case c == nil:
		return nil, &failure{http.StatusNotFound, "NoSuchHealthCheck", "A health check with id " + r.PathValue("id") + " does not exist."}
	case c.derived:
		return nil, &failure{http.StatusBadRequest, "InvalidInput", "This operation is not supported for calculated health checks."}
	}
	out := observations{XMLName: xml.Name{Local: document}, Namespace: namespace}
	status, at, told := tell(c, s.options.Clock().UTC())
	for i, place := range checkerPlaces {
		if told {
			checked := at.Add(-time.Duration(i) * time.Second)
			out.Observations = append(out.Observations, observation{place[0], place[1], status, checked.Format("2006-01-02T15:04:05.000Z")})
		}
	}
	body, err := xml.Marshal(out)
	if err != nil {
		return nil, &failure{http.StatusInternalServerError, "InternalError", err.Error()}
	}
	return body, nil
}

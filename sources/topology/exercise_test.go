package topology_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"parallax/internal/lab/rdsapi"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/sourcetest"
)

func TestExercise(t *testing.T) {
	server := newServer()
	for i := range 250 {
		server.Event(string(dublin), "db-cluster", "payments-eu-west-1", window.From.Add(time.Duration(i)*time.Minute), fmt.Sprintf("event %d", i))
	}
	server.Event(string(dublin), "db-cluster", "payments-eu-west-1", window.To, "of the next window, though RDS lists it")
	server.Event(string(dublin), "db-cluster", "orders-eu-west-1", death, "of a stranger")
	server.AddSnapshot(string(dublin), "rds:unplanned-global-failover-payments-eu-west-1-2026-11-18", "payments-eu-west-1", death)
	server.AddSnapshot(string(dublin), "rds:payments-eu-west-1-2026-11-18", "payments-eu-west-1", death)
	server.SetFailoverState(rdsapi.FailoverState{Status: "failing-over", From: string(dublin), To: string(london)})
	sourcetest.Exercise(t, sourcetest.Case[record.Event]{
		Open:   func(t *testing.T) pipeline.Source[record.Event] { return source(t, server, dublin) },
		Window: window, Records: 250 + 2 + 1 + 1, // and the members, the snapshot, and what is under way
		ID:       func(e record.Event) string { return fmt.Sprint(e.Type, e.Source, e.Member, e.At, e.Message) },
		Timeless: func(e record.Event) bool { return e.At.Equal(asOf) || e.Type == record.SnapshotSeen },
		Unreachable: map[string]func(*testing.T) pipeline.Source[record.Event]{
			"nobody there": func(t *testing.T) pipeline.Source[record.Event] {
				s := source(t, server, dublin)
				s.Client = client(dublin, "http://127.0.0.1:1")
				return s
			},
			"refused": func(t *testing.T) pipeline.Source[record.Event] {
				refusing := newServer()
				refusing.Fault(func(string, string, int) rdsapi.Fault {
					return rdsapi.Fault{Status: http.StatusForbidden, Code: "AccessDenied", Message: "not authorized"}
				})
				return source(t, refusing, dublin)
			},
		},
	})
}

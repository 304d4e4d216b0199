package topology_test

import (
	"strings"
	"testing"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sources/topology"
)

// Whatever a message says, its region is one that it names, or that of a cluster that it names; and case and blanks do not
// change what it means.
func FuzzMessage(f *testing.F) {
	for _, text := range []string{
		"Global failover to DB cluster payments-eu-west-2 in Region eu-west-2 completed.",
		"Old primary DB cluster a in Region us-gov-west-1 successfully shut down.",
		"in region \x00 in region eu-west-1x", "payments-eu-west-1payments-eu-west-1", "İn Region eu-west-1", "",
	} {
		f.Add(text)
	}
	clusters := map[audit.Region]string{dublin: "payments-eu-west-1", london: "payments-eu-west-2"}
	f.Fuzz(func(t *testing.T, text string) {
		subject := topology.Subject(text, clusters)
		if subject != "" && !strings.Contains(strings.ToLower(text), string(subject)) && !strings.Contains(strings.ToLower(text), clusters[subject]) {
			t.Errorf("%q is of %q, which it does not name", text, subject)
		}
		means := topology.Classify(text)
		if again := topology.Classify("  " + strings.Join(strings.Fields(text), "\n")); again != means {
			t.Errorf("%q means %s, and with other blanks %s", text, means, again)
		}
		if strings.TrimSpace(text) == "" && means != record.OtherEvent {
			t.Errorf("%q means %s", text, means)
		}
	})
}

// The region is the one that a message names, whoever tells it; else that of the one cluster it names.
func TestSubject(t *testing.T) {
	clusters := map[audit.Region]string{dublin: "payments-eu-west-1", london: "payments-eu-west-2"}
	for message, want := range map[string]audit.Region{
		"Global failover to DB cluster payments-eu-west-2 in Region eu-west-2 completed.":           london,
		"Global failover to DB cluster renamed in Region us-gov-west-1 completed.":                  "us-gov-west-1",
		"Global database failover to DB cluster payments-eu-west-2 in global database g completed.": london,
		"Replication from payments-eu-west-1 to payments-eu-west-2 resumed":                         "",
		"DB instance restarted": "",
	} {
		if got := topology.Subject(message, clusters); got != want {
			t.Errorf("%q is of %q, want %q", message, got, want)
		}
	}
}

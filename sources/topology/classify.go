package topology

import (
	"regexp"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// wording is one message: all of its words must appear, in lower case.
type wording struct {
	words []string
	means record.EventType
}

// wordings are the messages of a global database, after the Amazon Aurora User Guide, "Amazon RDS event categories and
// event messages for Aurora" (in brackets the number of the event, which DescribeEvents does not return).
//
// Older wording said "failover" where today's says "switchover": 0181 "Global failover to DB cluster ... started", 0185
// "... finished". Such a message is taken at its word. A planned change read as an unplanned one is looked at once too
// often; the reverse would hide a loss.
var wordings = []wording{
	{[]string{"global switchover to db cluster", " started"}, record.SwitchoverStarted},             // 0181
	{[]string{"global switchover to db cluster", " finished"}, record.SwitchoverCompleted},          // 0185
	{[]string{"global switchover to db cluster", " completed"}, record.SwitchoverCompleted},         // 0185, by analogy
	{[]string{"global failover to db cluster", " started"}, record.FailoverStarted},                 // 0181, older
	{[]string{"global failover to db cluster", " finished"}, record.FailoverCompleted},              // 0185, older
	{[]string{"global failover to db cluster", " completed"}, record.FailoverCompleted},             // 0238
	{[]string{"global database failover to db cluster", " completed"}, record.FailoverCompleted},    // 0519
	{[]string{"global failover to db cluster", " failed"}, record.FailoverFailed},                   // 0239; 0187, older
	{[]string{"old primary db cluster", "successfully shut down"}, record.WriterShutDown},           // 0182
	{[]string{"new primary db cluster", "successfully promoted"}, record.WriterPromoted},            // 0184
	{[]string{"finished resynchronizing members", "after global failover"}, record.Resynced},        // 0241
	{[]string{"attempt to block writes for db cluster", " succeeded"}, record.WritesBlocked},        // 0390
	{[]string{"attempt to block writes for db cluster", " timed out"}, record.WriteBlockTimedOut},   // 0391
	{[]string{"finished changing the dns name", "global writer endpoint"}, record.EndpointMoved},    // 0397
	{[]string{"started resynchronizing members", "after global failover"}, record.OtherEvent},       // 0240
	{[]string{"global switchover to db cluster", " is cancelled"}, record.SwitchoverFailed},         // 0186
	{[]string{"global switchover to db cluster", " failed"}, record.SwitchoverFailed},               // 0187
	{[]string{"waiting for data synchronization across global cluster members"}, record.OtherEvent}, // 0183
}

// Classify tells what a message of the RDS event stream means for a global database. A failover between the instances
// of one cluster ("Completed failover to DB instance", 0071) is not one: nothing is lost there, and it is OtherEvent.
func Classify(message string) record.EventType {
	text := strings.ToLower(strings.Join(strings.Fields(message), " "))
	for _, w := range wordings {
		if holdsAll(text, w.words) {
			return w.means
		}
	}
	return record.OtherEvent
}

// inRegion finds the region that a message names: "... DB cluster name in Region name ...".
var inRegion = regexp.MustCompile(`(?i)\bin region ([a-z]{2,}(?:-[a-z]+)+-\d+)\b`)

// Subject is the region of the cluster that a message speaks of, by the region that it names or else by the one cluster; empty
// where it names neither, or several clusters. Both regions may tell of one failover, so where it was told does not say it.
func Subject(message string, clusters map[audit.Region]string) audit.Region {
	if found := inRegion.FindStringSubmatch(message); found != nil {
		return audit.Region(strings.ToLower(found[1]))
	}
	var of []audit.Region
	for region, cluster := range clusters {
		if names(message, cluster) {
			of = append(of, region)
		}
	}
	if len(of) != 1 {
		return ""
	}
	return of[0]
}

func holdsAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// names reports whether text holds the identifier as a whole word, so that "payments" is not found in "payments-eu".
func names(text, identifier string) bool {
	if identifier == "" {
		return false
	}
	text, identifier = strings.ToLower(text), strings.ToLower(identifier)
	for rest := text; ; {
		i := strings.Index(rest, identifier)
		if i < 0 {
			return false
		}
		before, after := rest[:i], rest[i+len(identifier):]
		if !endsInIdentifier(before) && !beginsWithIdentifier(after) {
			return true
		}
		rest = rest[i+1:]
	}
}

func endsInIdentifier(s string) bool { return s != "" && identifierByte(s[len(s)-1]) }

func beginsWithIdentifier(s string) bool { return s != "" && identifierByte(s[0]) }

// identifierByte says which bytes an RDS identifier is made of: letters, digits and hyphens.
func identifierByte(c byte) bool {
	return c == '-' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
}

package receipt

import (
	"strings"

	"parallax/internal/record"
)

// cover is what the replication rules say of one object: the rule that covers it, where the rules are known; or why it cannot be
// called missing in the other region.
type cover struct {
	rule    record.ReplicationRule
	known   bool
	several bool   // rules to other buckets cover it too: its status speaks of all of them
	idle    bool   // the rule has copied nothing so old, and nothing shows that it is younger
	why     string // empty where it must be in the other region
}

// Why an object is not called missing.
const (
	coveredByNone  = "receipt in one region only, and no replication rule covers it"
	copiedByOthers = "copy in one region only, and no replication rule of the other region covers it: it came from elsewhere"
	coveredByTags  = "receipt in one region only, whose replication rule asks for tags, which no inventory tells"
	coveredNotKMS  = "receipt in one region only, encrypted under a key of KMS, which its replication rule leaves out"
	perhapsKMS     = "receipt in one region only, of unknown encryption, whose replication rule leaves out keys of KMS"
	noStatuses     = "receipt in one region only, and the inventories tell no replication status of anything"
	olderThanRule  = "receipt in one region only, older than all that the replication rule has copied: it may be older than the rule"
	markersLeft    = "receipt deleted in one region and kept in the other: no replication rule copies its delete marker"
	markerOlder    = "receipt deleted in one region and kept in the other, before all that the replication rule has copied: it may be older than the rule"
	markersKept    = "receipt deleted in one region and kept in the other, as delete_markers says"
)

// active reports whether replication should be at work.
func (c cover) active() bool { return !c.known || c.rule.Enabled }

// coverOf finds the rule that should have copied an object from a side to the other.
//
// What came as a copy came by a rule of the other side. An object without a status was never to be copied when it was written:
// replication leaves out what is older than its rule, and no setting tells how old a rule is. So what is older than all that the
// rule has copied is undetermined. With rules to several buckets COMPLETED means those that there were, so there only what is
// younger than the first copy counts. Source: Amazon S3 User Guide, "What does Amazon S3 replicate?".
func (c *comparison) coverOf(side int, o record.Object) cover {
	if o.ReplicationStatus == replica {
		rule, known, covered := c.rule(1-side, o.Key)
		if !covered {
			return cover{why: copiedByOthers}
		}
		return cover{rule: rule, known: known}
	}
	rule, known, covered := c.rule(side, o.Key)
	switch {
	case !covered:
		return cover{why: coveredByNone}
	case !known:
		return cover{}
	}
	out := cover{rule: rule, known: true, several: elsewhere(c.in.Buckets[side], o.Key, c.in.Buckets[1-side].Name)}
	if told := o.ReplicationStatus != ""; !told || out.several {
		out.why = c.leftOut(side, rule, o, told)
	}
	return out
}

// leftOut is why a rule may have left out an object whose status does not speak of it: there is none, or it may speak of a copy to
// a third bucket.
func (c *comparison) leftOut(side int, rule record.ReplicationRule, o record.Object, told bool) string {
	kms := o.Encryption == "SSE-KMS" || o.Encryption == "DSSE-KMS"
	switch {
	case rule.Tagged:
		return coveredByTags
	case !rule.KMS && kms:
		return coveredNotKMS
	case rule.Enabled && !told && !c.in.Survey.tells():
		return noStatuses
	case c.in.Survey.before(side, rule, o, told):
		return olderThanRule
	case !rule.KMS && o.Encryption == "" && c.in.Survey != nil:
		return perhapsKMS
	default:
		return ""
	}
}

// rule is the rule from a side to the other that covers a key. Rules that are not known cover everything.
func (c *comparison) rule(side int, key string) (rule record.ReplicationRule, known, covered bool) {
	from, to := c.in.Buckets[side], c.in.Buckets[1-side]
	if !from.RulesKnown {
		return record.ReplicationRule{}, false, true
	}
	rule, covered = from.Covers(key, to.Name)
	return rule, true, covered
}

// elsewhere reports whether a bucket has rules for a key to other buckets than one.
func elsewhere(b record.Bucket, key, destination string) bool {
	for _, r := range b.Rules {
		if r.Enabled && r.Destination != destination && strings.HasPrefix(key, r.Prefix) {
			return true
		}
	}
	return false
}

// markersOf finds out whether a delete on a side must be one on the other too. Delete markers are copied only where a rule says
// so, and never by a rule with tags. A marker that is a copy shows that they are.
// Source: Amazon S3 User Guide, "Replicating delete markers between buckets".
func (c *comparison) markersOf(side int, marker record.Object) cover {
	switch c.rules.DeleteMarkers {
	case MarkersKept:
		return cover{why: markersKept}
	case MarkersReplicated:
		return cover{known: true, rule: record.ReplicationRule{Enabled: true}}
	}
	if marker.ReplicationStatus == replica {
		rule, known, covered := c.rule(1-side, marker.Key)
		if !covered {
			return cover{why: markersLeft}
		}
		return cover{rule: rule, known: known}
	}
	rule, known, covered := c.rule(side, marker.Key)
	if !covered || known && (!rule.DeleteMarkers || rule.Tagged) {
		return cover{why: markersLeft}
	}
	several := elsewhere(c.in.Buckets[side], marker.Key, c.in.Buckets[1-side].Name)
	if known && marker.ReplicationStatus == "" && c.in.Survey.before(side, rule, marker, several) {
		if !c.in.Survey.idle(side, rule, marker) {
			return cover{why: markerOlder}
		}
		return cover{rule: rule, known: true, idle: true}
	}
	return cover{rule: rule, known: known}
}

package receipt

import (
	"strconv"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

func field(o record.Object, what likeness) string {
	switch what {
	case sizeDiffers:
		return strconv.FormatInt(o.Size, 10)
	case contentDiffers:
		return o.ETag
	case sumDiffers:
		return o.Checksum
	default:
		return o.VersionID
	}
}

func inWords(what likeness) string {
	switch what {
	case sizeDiffers:
		return "size in bytes"
	case contentDiffers, sumDiffers:
		return "content checksum"
	default:
		return "current version"
	}
}

// observed is the current version of each side, where there is one.
func (p pair) observed(rules Rules) []audit.Evidence {
	var out []audit.Evidence
	for i := range p.sides {
		o := p.latest(i)
		if o == nil {
			continue
		}
		value := "live"
		if o.DeleteMarker {
			value = "delete marker"
		}
		out = append(out, evidence(rules, *o, "latest", value))
	}
	return out
}

func compared(rules Rules, a, b record.Object, name, left, right string) []audit.Evidence {
	return []audit.Evidence{evidence(rules, a, name, left), evidence(rules, b, name, right)}
}

func statusEvidence(rules Rules, o record.Object) []audit.Evidence {
	status := o.ReplicationStatus
	if status == "" {
		status = "none"
	}
	return []audit.Evidence{evidence(rules, o, "replication_status", status)}
}

// evidence is what one side says of a version. Its reference ends with " version " and the version's id.
func evidence(rules Rules, o record.Object, name, value string) audit.Evidence {
	version := o.VersionID
	if version == "" {
		version = "null"
	}
	note := "inventory of " + stamp(o.SeenAt)
	if o.Live {
		note = "live answer of " + stamp(o.SeenAt)
	}
	return audit.Evidence{
		Source: "receipts " + rules.Scope, Region: o.Region, Ref: o.Bucket + "/" + o.Key + " version " + version,
		At: o.LastModified, Field: name, Value: value, Note: note,
	}
}

func absentEvidence(rules Rules, region audit.Region, what, note string) audit.Evidence {
	return audit.Evidence{Source: "receipts " + rules.Scope, Region: region, Ref: what, Field: "key", Value: "absent", Note: note}
}

// note says where a side was seen to lack something.
func (p pair) note(side int) string {
	switch {
	case p.asked && p.late[side]: // the answer told no time
		return notInAnswer + stamp(p.seen[side]) + " or later"
	case p.asked:
		return notInAnswer + stamp(p.seen[side])
	}
	return notInList + stamp(p.seen[side])
}

const (
	notInList   = "not in the list of "
	notInAnswer = "not in the live answer of "
)

// switchedOff ends a sentence about something that a rule should have copied.
func (c cover) switchedOff() string {
	if c.active() {
		return ""
	}
	return ", for the replication rule " + strconv.Quote(c.rule.ID) + " is switched off"
}

// evidence is the rule that should have copied something and does not.
func (c cover) evidence(rules Rules, side int) []audit.Evidence {
	if c.active() {
		return nil
	}
	return []audit.Evidence{{
		Source: "receipts " + rules.Scope, Region: rules.Regions[side], Ref: "replication rule " + c.rule.ID, Field: "status", Value: "Disabled",
		Note: "GetBucketReplication",
	}}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

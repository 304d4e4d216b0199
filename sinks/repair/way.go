package repair

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"unicode/utf16"

	"parallax/internal/audit"
)

// maxCopy is the most bytes that CopyObject, and so S3 Batch Operations, copies in one request.
// Source: Amazon S3 User Guide, "Copy objects" under "Operations supported by S3 Batch Operations".
const maxCopy = 5 << 30

// Way is how an object gets where it is to be.
type Way struct {
	Copy    bool
	Into    Place  // of a copy: the bucket it is written to
	Class   string // of a copy: the storage class it keeps; empty for STANDARD
	Why     string // of the two ways, this one
	Instead string // what S3 would answer to the other one
	Then    string // a command for afterwards, that only a person may decide to run; mostly empty
}

// hardDeleted is S3's word for a version that was deleted by its id where it is to go.
const hardDeleted = "Batch Replication: DstObjectHardDeleted, S3 does not replicate again what was deleted there by its version id"

// Link is whether a bucket has a rule that replicates a key to another one.
type Link int

// The states of a Link. Where the rules could not be read there is taken to be one.
const (
	Unknown Link = iota
	Linked
	Unlinked
)

// Links are the rules between where an object is good and where it is to go.
type Links struct{ Out, Back Link }

// WayOf chooses between replication and a copy for a version that is good in one bucket and missing or other in the second,
// or says by hand why there is neither. What S3 has replicated once, as the status tells, and is gone was deleted there by its
// version id: that it refuses to replicate. A copy is written where the object comes from, so that the rule in force carries
// it to the other bucket; where no rule does, straight into the other bucket.
// Source: Amazon S3 User Guide, "Replicating existing objects with Batch Replication", considerations; "Amazon S3 replication
// failure reasons"; "What does Amazon S3 replicate?"; "Copy objects".
func WayOf(o Object, status string, good Head, links Links) (Way, *ByHand) {
	status = cmp.Or(good.Status, status)
	if status == "REPLICA" && links.Back == Unlinked {
		status = "" // of another bucket's object: to this one it is like any other
	}
	way := o.copied(status, good)
	switch {
	case good.Archived:
		return way, o.byHand("its storage class "+good.Class+" is an archive, of which S3 neither copies nor replicates anything: restore it for some days, "+
			"then copy it to a class that is replicated", "Batch Copy: ObjectNotInActiveTierError; Batch Replication leaves archived objects out", o.restore(good.Class))
	case archives[good.Class]: // and restored for now
		way.Copy, way.Class = true, ""
		way.Why = "it is restored from its archive for a time: a copy to STANDARD is a new version, which is replicated"
		way.Instead = "Batch Replication: leaves out what is of an archive's class, restored or not"
	}
	if way.Into != o.To && links.Out == Unlinked {
		way.Copy, way.Into = true, o.To
		way.Why = "no rule replicates its key to " + o.To.Bucket + ": a copy there is a version of its own"
		way.Instead = "Batch Replication: leaves out what no rule in force is for"
	}
	switch {
	case !way.Copy:
		way = Way{
			Why:     "S3 has not replicated this version: " + unreplicated(status),
			Instead: "Batch Copy: works, as a version with an id of its own; the one that is missing stays missing",
		}
		return way, nil
	case good.Replaced && o.Kind == audit.ReceiptMismatch:
		return way, o.byHand("it is not the current version, so nobody is served it: the command deletes the damaged copy in "+o.To.Bucket+
			", after which the version is one that only one region has kept", way.Instead, way.Then)
	case good.Replaced:
		return way, o.byHand("decide by hand: it is not the current version, and a copy of it would become that", way.Instead)
	case good.Size > maxCopy:
		return way, o.byHand("it has more than 5 GiB, the most that S3 copies in one request: copy it by hand, in parts",
			"Batch Copy: InvalidRequest, the source is larger than a copy may be; "+way.Instead, o.parts(way)...)
	}
	return way, nil
}

// copied is the copy of what Batch Replication cannot restore; no copy for the rest.
func (o Object) copied(status string, good Head) Way {
	way := Way{Into: o.From, Class: good.Class}
	switch status {
	case "REPLICA":
		way.Copy, way.Into = true, o.To
		way.Why = "it is a replica whose original is not there, deleted by its version id (or never there, if it came from a third bucket: look before you copy): a copy to where it came from is replicated back"
		way.Instead = hardDeleted
	case "COMPLETED", "COMPLETE":
		way.Copy = true
		way.Why = "S3 has replicated this version, and it was deleted by its version id in " + o.To.Bucket + ": a copy in place is a new version, which is replicated"
		way.Instead = hardDeleted
	}
	if o.Kind == audit.ReceiptMismatch {
		way.Copy = true
		way.Why = "both buckets hold this version id with another content, and a version is never written twice: a copy is a new version, which is replicated"
		way.Instead = "Batch Replication: at best nothing, for the version id is there already"
		way.Then = s3api("delete-object", o.To, o.Key, o.VersionID, nil)
	}
	return way
}

func unreplicated(status string) string {
	switch status {
	case "FAILED":
		return "it gave up, so mend the permissions, the key or the rule first"
	case "PENDING":
		return "it is still at it, or never got there"
	}
	return "it was written before the rule was, or arrived by another rule"
}

func (o Object) byHand(why, otherwise string, commands ...string) *ByHand {
	return &ByHand{
		About: o.About, Why: why, Otherwise: otherwise, Commands: commands,
		Object: &Whereabout{VersionID: o.VersionID, From: o.From, To: o.To},
	}
}

// archives are the storage classes whose objects are to be restored before they can be read.
// Source: Amazon S3 User Guide, "Working with archived objects".
var archives = map[string]bool{"GLACIER": true, "DEEP_ARCHIVE": true}

// restore asks for an archived object's content for a week, or out of the archive tier of S3 Intelligent-Tiering, which knows
// no time. Source: Amazon S3 API reference, "RestoreObject".
func (o Object) restore(class string) string {
	request := map[string]any{"GlacierJobParameters": map[string]any{"Tier": "Standard"}}
	if archives[class] {
		request["Days"] = 7
	}
	return s3api("restore-object", o.From, o.Key, o.VersionID, map[string]any{"RestoreRequest": request})
}

// parts copies the current version in parts, as the high-level command does with anything large. It takes keys as they are,
// so there is no command for one that a terminal or a line would break.
// Source: AWS CLI reference, "s3 cp".
func (o Object) parts(w Way) []string {
	if oneLine(o.Key) != o.Key {
		return nil
	}
	uri := func(p Place) string { return shellWord("s3://" + p.Bucket + "/" + o.Key) }
	return []string{fmt.Sprintf("aws s3 cp --region %s --source-region %s --storage-class %s %s %s",
		w.Into.Region, o.From.Region, cmp.Or(w.Class, standard), uri(o.From), uri(w.Into))}
}

const standard = "STANDARD"

// Undelete are the commands that bring two buckets together again of which one has a delete marker on top: the first lets the
// object live in both, the second deletes it in both.
// Source: Amazon S3 User Guide, "Managing delete markers".
func Undelete(marker, live Place, key, markerVersion string) []string {
	return []string{
		s3api("delete-object", marker, key, markerVersion, nil),
		s3api("delete-object", live, key, "", nil),
	}
}

// ManifestRow names a version in a manifest of S3 Batch Operations.
func ManifestRow(bucket, key, versionID string) string {
	return Object{From: Place{Bucket: bucket}, Key: key, VersionID: versionID}.row()
}

// s3api is a command of one line of plain letters, whatever its key holds: JSON has an escape for everything else.
func s3api(operation string, at Place, key, version string, more map[string]any) string {
	in := map[string]any{"Bucket": at.Bucket, "Key": key}
	if version != "" {
		in["VersionId"] = version
	}
	maps.Copy(in, more)
	text, err := json.Marshal(in)
	if err != nil { // maps of text and numbers
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "aws s3api %s --region %s --cli-input-json '", operation, at.Region)
	for _, r := range string(text) {
		switch high, low := utf16.EncodeRune(r); {
		case r >= ' ' && r <= '~' && r != '\'':
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

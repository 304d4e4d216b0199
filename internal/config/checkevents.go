package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"parallax/internal/audit"
)

// queuePath is the account and the name of a queue, with which its URL ends.
// Source: Amazon SQS Developer Guide, "Amazon SQS queue and message identifiers"; API reference, CreateQueue.
var queuePath = regexp.MustCompile(`/[A-Za-z0-9_-]+/[A-Za-z0-9_-]{1,80}(\.fifo)?$`)

// awsQueue is the host of a queue's URL, where it is one of AWS's own.
var awsQueue = regexp.MustCompile(`^(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\.com(?:\.cn)?$`)

// checkQueueHosts refuses a host that would never be asked: requests go to the endpoint of the region, whatever host a queue's
// URL has.
func (d *decoder) checkQueueHosts(receipts []Receipts, endpoints map[audit.Region]Endpoints) {
	for i, r := range receipts {
		for _, region := range sortedRegions(r.Events) {
			u, err := url.Parse(r.Events[region])
			if err != nil || u.Host == "" || strings.HasSuffix(u.Host, ".amazonaws.com") || strings.HasSuffix(u.Host, ".amazonaws.com.cn") {
				continue
			}
			if e, err := url.Parse(endpoints[region].SQS); err != nil || e.Host != u.Host {
				d.wrongAt(join("receipts", nameOr(r.Name, i))+".events."+string(region),
					"this host is not asked, but the region's endpoint: set aws.endpoints."+string(region)+".sqs to it, or correct the URL")
			}
		}
	}
}

// checkEvents wants the URL of a queue for a region that has a bucket, and another queue for each.
func (d *decoder) checkEvents(r Receipts, key string) {
	seen := map[string]audit.Region{}
	for _, region := range sortedRegions(r.Events) {
		at, text := key+"."+string(region), r.Events[region]
		if text == "" {
			continue // said already
		}
		if _, has := r.Regions[region]; !has && len(r.Regions) > 0 {
			d.wrongAt(at, "there is no bucket of this region under regions, whose events these would be")
			continue
		}
		u, err := url.Parse(text)
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || !queuePath.MatchString(u.Path) || u.RawQuery != "" || u.Fragment != "":
			d.wrongAt(at, "not the URL of a queue: write https://sqs."+string(region)+".amazonaws.com/account/name")
			continue
		case u.User != nil:
			d.wrongAt(at, "holds a user: credentials come from the SDK's default chain, never from here")
			continue
		case strings.HasSuffix(u.Path, ".fifo"):
			d.wrongAt(at, "S3 sends no events to a FIFO queue: name a standard one")
			continue
		}
		if m := awsQueue.FindStringSubmatch(u.Host); m != nil && m[1]+m[2] != string(region) {
			d.wrongAt(at, fmt.Sprintf("the queue is in %s: S3 sends events to a queue of the bucket's own region", m[1]+m[2]))
		}
		if first, twice := seen[text]; twice {
			d.wrongAt(at, fmt.Sprintf("is the queue of %s too: a queue is in one region", first))
		}
		seen[text] = region
	}
}

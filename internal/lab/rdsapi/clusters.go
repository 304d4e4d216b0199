package rdsapi

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

type globalClusters struct {
	XMLName  xml.Name        `xml:"GlobalClusters"`
	Clusters []globalCluster `xml:"GlobalClusterMember"` // the list of clusters has this element name, as has that of members
}

type globalCluster struct {
	Identifier    string         `xml:"GlobalClusterIdentifier"`
	ARN           string         `xml:"GlobalClusterArn"`
	Status        string         `xml:"Status"`
	Engine        string         `xml:"Engine"`
	Members       []member       `xml:"GlobalClusterMembers>GlobalClusterMember"`
	FailoverState *failoverState `xml:"FailoverState"`
}

type member struct {
	ARN        string   `xml:"DBClusterArn"`
	IsWriter   bool     `xml:"IsWriter"`
	Readers    []string `xml:"Readers>member"`
	Forwarding string   `xml:"GlobalWriteForwardingStatus"`
	Sync       string   `xml:"SynchronizationStatus"`
}

type failoverState struct {
	Status   string `xml:"Status,omitempty"`
	From     string `xml:"FromDbClusterArn,omitempty"`
	To       string `xml:"ToDbClusterArn,omitempty"`
	DataLoss *bool  `xml:"IsDataLossAllowed,omitempty"`
}

// describeGlobalClusters answers in every region alike.
// Source: Amazon RDS API reference, "DescribeGlobalClusters".
func (s *Server) describeGlobalClusters(_ string, form url.Values) (any, *failure) {
	if id := form.Get("GlobalClusterIdentifier"); id != "" && !strings.EqualFold(id, s.options.Global) {
		return nil, &failure{http.StatusNotFound, "GlobalClusterNotFoundFault", "Global cluster " + id + " not found"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := globalCluster{
		Identifier: s.options.Global, ARN: "arn:aws:rds::" + Account + ":global-cluster:" + s.options.Global,
		Status: "available", Engine: "aurora-postgresql", FailoverState: s.failoverState(),
	}
	for _, region := range slices.Sorted(maps.Keys(s.options.Clusters)) {
		if slices.Contains(s.detached, region) {
			continue
		}
		m := member{ARN: s.arn(region), IsWriter: region == s.writer, Forwarding: "disabled", Sync: "connected"}
		if m.IsWriter {
			m.Readers = s.otherARNs(region)
		}
		g.Members = append(g.Members, m)
	}
	return globalClusters{Clusters: []globalCluster{g}}, nil
}

// failoverState is an empty element while nothing is under way, as the service sends it.
func (s *Server) failoverState() *failoverState {
	if s.state.Status == "" {
		return &failoverState{}
	}
	return &failoverState{Status: s.state.Status, From: s.arn(s.state.From), To: s.arn(s.state.To), DataLoss: &s.state.DataLoss}
}

func (s *Server) arn(region string) string {
	return "arn:aws:rds:" + region + ":" + Account + ":cluster:" + s.options.Clusters[region]
}

func (s *Server) otherARNs(region string) []string {
	var arns []string
	for _, other := range slices.Sorted(maps.Keys(s.options.Clusters)) {
		if other != region {
			arns = append(arns, s.arn(other))
		}
	}
	return arns
}

type clusters struct {
	XMLName  xml.Name  `xml:"DBClusters"`
	Clusters []cluster `xml:"DBCluster"`
}

type cluster struct {
	Identifier string     `xml:"DBClusterIdentifier"`
	ARN        string     `xml:"DBClusterArn"`
	Status     string     `xml:"Status"`
	Engine     string     `xml:"Engine"`
	Retention  int        `xml:"BackupRetentionPeriod"`
	Members    []instance `xml:"DBClusterMembers>DBClusterMember"`
}

type instance struct {
	Identifier string `xml:"DBInstanceIdentifier"`
	IsWriter   bool   `xml:"IsClusterWriter"`
}

// describeClusters knows one cluster a region.
// Source: Amazon RDS API reference, "DescribeDBClusters".
func (s *Server) describeClusters(region string, form url.Values) (any, *failure) {
	own := s.options.Clusters[region]
	if id := form.Get("DBClusterIdentifier"); id != "" && !strings.EqualFold(id, own) && !strings.EqualFold(id, s.arn(region)) {
		return nil, &failure{http.StatusNotFound, "DBClusterNotFoundFault", "DBCluster " + id + " not found."}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	days, ok := s.retention[region]
	if !ok {
		days = 7
	}
	return clusters{Clusters: []cluster{{
		Identifier: own, ARN: s.arn(region), Status: "available", Engine: "aurora-postgresql", Retention: days,
		Members: []instance{{Identifier: own + "-1", IsWriter: region == s.writer}},
	}}}, nil
}

type snapshots struct {
	XMLName   xml.Name         `xml:"DBClusterSnapshots"`
	Snapshots []snapshotAnswer `xml:"DBClusterSnapshot"`
}

type snapshotAnswer struct {
	Identifier string `xml:"DBClusterSnapshotIdentifier"`
	Cluster    string `xml:"DBClusterIdentifier"`
	Created    string `xml:"SnapshotCreateTime"`
	Kind       string `xml:"SnapshotType"`
	Status     string `xml:"Status"`
	Engine     string `xml:"Engine"`
	Source     string `xml:"SourceDBClusterSnapshotArn,omitempty"`
}

// describeSnapshots lists the snapshots of a region, by cluster, by type or all.
// Source: Amazon RDS API reference, "DescribeDBClusterSnapshots".
func (s *Server) describeSnapshots(region string, form url.Values) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []snapshotAnswer
	for _, have := range s.snapshots {
		id, kind := form.Get("DBClusterIdentifier"), form.Get("SnapshotType")
		if have.region != region || (id != "" && !strings.EqualFold(id, have.cluster)) || (kind != "" && kind != have.kind) {
			continue
		}
		found = append(found, snapshotAnswer{
			Identifier: have.id, Cluster: have.cluster, Created: have.at.Format(time.RFC3339Nano),
			Kind: have.kind, Status: have.status, Engine: "aurora-postgresql", Source: have.source,
		})
	}
	page, marker, refused := paged(found, form)
	if refused != nil {
		return nil, refused
	}
	return []any{snapshots{Snapshots: page}, marker}, nil
}

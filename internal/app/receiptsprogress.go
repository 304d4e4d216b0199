package app

import "sync"

// bothSides is the progress of both sides of a comparison together, told by several goroutines.
type bothSides struct {
	progress Progress
	stage    string

	mu        sync.Mutex
	done, all [2]int64
	last      int64
}

// at takes how far one side has come, and shows it a thousand times at most.
func (s *bothSides) at(side int, done, all int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[side], s.all[side] = done, all
	now, total := s.done[0]+s.done[1], s.all[0]+s.all[1]
	if now-s.last >= max(total/1000, 1) || now == total {
		s.last = now
		s.progress(s.stage, now, total)
	}
}

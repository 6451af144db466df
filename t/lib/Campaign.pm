package Campaign;

# Clients that create, write and delete without pause while a test breaks things, and what they know
# afterwards: every request they began, and every answer they got whole.
#
#   my $campaign = Campaign->start(site => $site, workers => 4, login => 'admin');
#   ... break things ...
#   $campaign->stop;
#   $campaign->assert_on_record($site, 'all on record, once');

use v5.36;
use Carp qw(croak);
use Client;
use File::Temp qw(tempdir);
use POSIX ();
use Process ();
use Test::More ();
use Time::HiRes qw(sleep);

my $MODEL = 'res.partner';
my %OPERATION = map { $_ => 1 } qw(create write unlink);

sub start ($class, %options) {
    my $self = bless {%options, folder => tempdir('campaign-XXXXXX', TMPDIR => 1, CLEANUP => 1), pids => []}, $class;

    for my $number (1 .. $options{workers}) {
        my $client = $options{site}->login($options{login});
        my $pid = fork // croak "fork: $!";

        $self->_work($number, $client) if $pid == 0;
        push @{ $self->{pids} }, $pid;
    }
    return $self;
}

sub stop ($self) {
    open my $file, '>', "$self->{folder}/stop" or croak "stop: $!";
    close $file;
    waitpid $_, 0 for @{ $self->{pids} };
    return $self;
}

# ---- a worker, in a process of its own ----

sub _work ($self, $number, $client) {
    open my $record, '>>', "$self->{folder}/worker-$number" or POSIX::_exit(1);
    $record->autoflush(1);
    for (my $round = 1 ; !-e "$self->{folder}/stop" ; $round++) {
        my $id = _try($record, $client, create => { name => "worker $number, $round" });

        next unless $id;
        _try($record, $client, write => $id, { city => "city $round" }) for 1 .. 3;
        _try($record, $client, unlink => $id) if $round % 2;
    }
    POSIX::_exit(0);
}

# Says what is begun before it is sent, and what came of it. Answers the id if it succeeded.
sub _try ($record, $client, $method, @arguments) {
    my $id = $method eq 'create' ? 0 : $arguments[0];
    my @positional = $method eq 'create' ? @arguments : ([$id], @arguments[ 1 .. $#arguments ]);

    sleep 0.01;
    print $record Client::encode_json({ begun => $method, id => $id }), "\n";
    my $answer = eval { $client->call_kw($MODEL, $method, \@positional) };
    if (!_succeeded($answer)) {
        my $status = $answer && $answer->{http} && $answer->{http}{status};
        print $record Client::encode_json({ failed => $status // 'none' }), "\n";
        sleep 0.05;
        return;
    }
    $id ||= ref $answer->{result} ? $answer->{result}[0] : $answer->{result};
    print $record Client::encode_json({ answered => $method, id => $id }), "\n";
    return $id;
}

sub _succeeded ($answer) {
    my $http = $answer && $answer->{http} or return 0;

    return ($http->{status} // 0) == 200 && $http->{complete} && $answer->{result};
}

# ---- afterwards ----

sub _facts ($self) {
    my @facts;

    for my $name (glob "$self->{folder}/worker-*") {
        open my $file, '<', $name or croak "$name: $!";
        push @facts, map { Client::decode_json($_) } grep { /\n\z/ } <$file>;
    }
    return @facts;
}

sub _count ($self) {
    my (%begun, %answered);

    for my $fact ($self->_facts) {
        $begun{"$fact->{begun} $fact->{id}"}++ if $fact->{begun};
        $answered{"$fact->{answered} $fact->{id}"}++ if $fact->{answered};
    }
    return (\%begun, \%answered);
}

# How many requests were begun so far.
sub begun ($self) {
    return scalar grep { $_->{begun} } $self->_facts;
}

# How often requests did not succeed, by the status that came ("none" where no answer did).
sub failed ($self) {
    my %failed;

    $failed{ $_->{failed} }++ for grep { $_->{failed} } $self->_facts;
    return %failed;
}

sub _sum ($counts) {
    my $sum = 0;

    $sum += $_ for values %$counts;
    return $sum;
}

# Waits until the keeper has chained all there is, those of dead children's intents too, and asserts that what
# Odoo executed is on record, and nothing else.
sub assert_on_record ($self, $site, $sentence) {
    $site->trail->settle($site->login('admin'));
    Process::wait_until(sub { !$site->trail->query('SELECT 1 FROM pending LIMIT 1') });
    my @events = $site->trail->query("SELECT operation, model, record_ids, outcome FROM events WHERE model = '$MODEL'");
    my @wrong = $self->differences([ $site->odoo->operations ], \@events);
    Test::More::diag($self->summary);
    Test::More::is(scalar @wrong, 0, $sentence)
        or Test::More::diag(join "\n", @wrong[ 0 .. ($#wrong < 20 ? $#wrong : 20) ]);
    return;
}

# What of all this is not as it must be, as sentences. operations: the stand-in's own list of what it
# executed; events: of the trail.
sub differences ($self, $operations, $events) {
    my ($begun, $answered) = $self->_count;
    my (%executed, %success, %unknown, @wrong);

    for my $operation (grep { $OPERATION{ $_->{operation} } && $_->{model} eq $MODEL && $_->{ok} } @$operations) {
        $executed{"$operation->{operation} @{ $operation->{ids} }"}++;
    }
    for my $event (grep { $OPERATION{ $_->{operation} } && $_->{model} eq $MODEL } @$events) {
        my $key = "$event->{operation} " . ($event->{record_ids} || 0);

        if    ($event->{outcome} eq 'success') { $success{$key}++ }
        elsif ($event->{outcome} eq 'unknown') { $unknown{$key}++ }
        else                                   { push @wrong, "$key is $event->{outcome}" }
    }
    my $nameless = $unknown{'create 0'} // 0;
    for my $key (sort keys %executed) {
        my $missing = $executed{$key} - ($success{$key} // 0) - ($unknown{$key} // 0);

        next if $missing <= 0 || ($key =~ /^create/ && $nameless-- > 0);
        push @wrong, "$key was executed $executed{$key} times, $missing not on record";
    }
    for my $key (sort keys %success) {
        my $most = $executed{$key} // 0;
        push @wrong, "$key is on record $success{$key} times, executed $most times" if $success{$key} > $most;
    }
    for my $key (sort keys %$answered) {
        my $least = $answered->{$key};
        push @wrong, "$key was answered $least times, on record as success " . ($success{$key} // 0)
            if $least > ($success{$key} // 0);
    }
    for my $key (grep { !/^create/ } sort keys %unknown) {
        my $most = $begun->{$key} // 0;
        push @wrong, "$key stands twice" if $unknown{$key} + ($success{$key} // 0) > $most;
    }
    my $creates = _sum({ map { $_ => $success{$_} } grep { /^create/ } keys %success }) + ($unknown{'create 0'} // 0);
    push @wrong, "more creates on record ($creates) than were begun" if $creates > ($begun->{'create 0'} // 0);
    $self->{summary} = sprintf '%d begun, %d executed, %d answered, %d on record as success, %d as unknown',
        _sum($begun), _sum(\%executed), _sum($answered), _sum(\%success), _sum(\%unknown);
    return @wrong;
}

sub summary ($self) { return $self->{summary} }

1;
